import { expect } from 'chai';
import { hearTogether } from '../../../src/chain/logs/hear-together.js';
import { FakeClock } from '../../support/fake-clock.js';
import { followersOf } from '../../support/followers-of.js';
import { rejectionOf } from '../../support/rejection.js';

const signal = new AbortController().signal;
const refusal = new Error('no such block');

describe('endpoints that are heard together', () => {
  let clock: FakeClock;
  beforeEach(() => {
    clock = new FakeClock();
  });

  const silent = (until: AbortSignal): Promise<string> =>
    new Promise((_resolve, reject) => until.addEventListener('abort', () => reject(until.reason as Error)));
  /** Returns who was heard by then, or null while others are waited for. */
  const heardWithin = async (ms: number, first: () => Promise<string>): Promise<readonly string[] | null> => {
    const ask = (name: string, until: AbortSignal): Promise<string> => (name === 'first' ? first() : silent(until));
    const isRefusal = (error: unknown): boolean => error === refusal;
    const hearing = hearTogether(['first', 'second'], ask, () => false, isRefusal, clock, signal);
    let heard: readonly string[] | null = null;
    void hearing.then(({ voices, failures }) => (heard = [...voices, ...failures.map(String)]));
    await clock.advance(ms);
    return heard;
  };

  it('have some seconds once one of them has answered', async () => {
    const answer = (): Promise<string> => Promise.resolve('answer');
    expect(await heardWithin(2_900, answer)).to.equal(null);
    expect(await heardWithin(3_100, answer)).to.deep.equal(['answer']);
  });

  it('have as long as a request may take once one of them has said that it can not', async () => {
    const refuse = (): Promise<string> => Promise.reject(refusal);
    expect(await heardWithin(29_000, refuse)).to.equal(null);
    expect(await heardWithin(31_000, refuse)).to.deep.equal([String(refusal)]);
  });

  it('are waited for where one of them is away', async () => {
    expect(await heardWithin(300_000, () => Promise.reject(new Error('away')))).to.equal(null);
  });

  it('are dropped together, and leave nothing at the signal of whoever asks', async () => {
    const run = new AbortController();
    const ask = (_name: string, until: AbortSignal): Promise<string> => silent(until);
    const hear = (isEnough: boolean): Promise<unknown> =>
      hearTogether(
        ['only'],
        isEnough ? () => Promise.resolve('it') : ask,
        () => isEnough,
        () => true,
        clock,
        run.signal,
      );
    await hear(true);
    expect(followersOf(run.signal)).to.equal(0);
    const dropped = rejectionOf(hear(false));
    run.abort(new Error('stopped'));
    expect([await dropped, followersOf(run.signal)]).to.deep.equal([run.signal.reason, 0]);
  });
});
