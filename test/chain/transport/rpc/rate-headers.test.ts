import { expect } from 'chai';
import { ratesIn } from '../../../../src/chain/transport/rpc/rate-headers.js';

describe('the headers in which a server states its rate', () => {
  const now = Date.UTC(2026, 0, 1);

  it('say nothing where there are none, and cost nothing', () => {
    expect(ratesIn({ 'content-type': 'application/json', date: 'today', 'retry-after': '1' }, now)).to.eql([]);
  });

  it('are three in the older drafts, of which the limit or a policy may tell the window', () => {
    const told = { window: '', limit: 100, windowMs: 60_000, left: 42, resetMs: 7_000 };
    const three = { 'ratelimit-limit': '100', 'ratelimit-remaining': '42', 'ratelimit-reset': '7' };
    expect(ratesIn({ ...three, 'ratelimit-limit': '100, 100;w=60' }, now)).to.eql([told]);
    expect(ratesIn({ ...three, 'ratelimit-policy': '100;w=60' }, now)).to.eql([told]);
    expect(ratesIn(three, now)).to.eql([{ window: '', limit: 100, left: 42, resetMs: 7_000 }]);
  });

  it('may be one, with what is left in it', () => {
    const headers = { 'ratelimit-policy': '100;w=60', ratelimit: 'limit=100, remaining=42, reset=7' };
    expect(ratesIn(headers, now)).to.eql([{ window: '', limit: 100, windowMs: 60_000, left: 42, resetMs: 7_000 }]);
  });

  it('name their windows in the newer drafts', () => {
    const headers = {
      'ratelimit-policy': '"burst";q=10;w=1;pk=:YWJjZA==:, "day";q=5000;w=86400;qu="requests"',
      ratelimit: '"burst";r=3;t=1, "day";r=4000;t=3600',
    };
    expect(ratesIn(headers, now)).to.eql([
      { window: 'burst', limit: 10, windowMs: 1_000, left: 3, resetMs: 1_000 },
      { window: 'day', limit: 5_000, windowMs: 86_400_000, left: 4_000, resetMs: 3_600_000 },
    ]);
  });

  it('may tell of several windows of which one is counted aloud', () => {
    const headers = { 'ratelimit-limit': '10, 10;w=1, 50;w=60', 'ratelimit-remaining': '3', 'ratelimit-reset': '1' };
    expect(ratesIn(headers, now)).to.eql([
      { window: '', limit: 10, windowMs: 1_000, left: 3, resetMs: 1_000 },
      { window: '60 s', limit: 50, windowMs: 60_000 },
    ]);
  });

  it('do not count requests where they say that they count something else', () => {
    expect(ratesIn({ 'ratelimit-policy': '"size";q=1000;w=60;qu="content-bytes"' }, now)).to.eql([]);
  });

  it('begin with x- elsewhere, with a unit of time or without', () => {
    const plain = { 'x-ratelimit-limit': '100', 'x-ratelimit-remaining': '42', 'x-ratelimit-reset': '7' };
    const told = { window: '', limit: 100, left: 42, resetMs: 7_000 };
    expect(ratesIn(plain, now)).to.eql([told]);
    expect(ratesIn({ 'x-rate-limit-limit': '100', 'x-rate-limit-remaining': '42' }, now)).to.eql([
      { window: '', limit: 100, left: 42 },
    ]);
    const units = {
      'x-ratelimit-limit-second': '25',
      'x-ratelimit-remaining-second': '3',
      'x-ratelimit-limit-minute': '600',
    };
    expect(ratesIn(units, now)).to.eql([
      { window: 'second', limit: 25, windowMs: 1_000, left: 3 },
      { window: 'minute', limit: 600, windowMs: 60_000 },
    ]);
  });

  it('may tell the end as a time, by the clock of the server where that is told', () => {
    const seconds = now / 1_000;
    const at = (reset: number, date?: string): unknown =>
      ratesIn({ 'x-ratelimit-remaining': '1', 'x-ratelimit-reset': String(reset), date }, now)[0]?.resetMs;
    expect(at(seconds + 7)).to.equal(7_000);
    expect(at((seconds + 7) * 1_000)).to.equal(7_000);
    expect(at(seconds - 7)).to.equal(0);
    expect(at(seconds + 3_607, new Date(now + 3_600_000).toUTCString())).to.equal(7_000);
  });

  it('are left out where they can not be read', () => {
    for (const garbage of [
      '',
      ' ',
      'unlimited',
      '-1',
      'NaN',
      '1e9',
      '0x10',
      '9'.repeat(40),
      ',,;;==',
      '"',
      'Infinity',
    ]) {
      for (const name of [
        'ratelimit',
        'ratelimit-policy',
        'ratelimit-reset',
        'x-ratelimit-limit',
        'x-ratelimit-remaining',
      ]) {
        expect(ratesIn({ [name]: garbage }, now), `${name}: ${garbage}`).to.eql([]);
      }
    }
    expect(ratesIn({ 'x-ratelimit-limit': '0', 'ratelimit-policy': '0;w=60, 5;w=0, 5;w, 5' }, now)).to.eql([]);
    expect(ratesIn({ 'x-ratelimit-limit': ['7', '9'] }, now)).to.eql([{ window: '', limit: 7 }]);
    expect(ratesIn({ 'ratelimit-policy': '1;w=1,'.repeat(10_000) }, now).length).to.be.at.most(8);
  });
});
