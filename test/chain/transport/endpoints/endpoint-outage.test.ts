import { expect } from 'chai';
import type { ChainClient } from '../../../../src/chain/blocks/chain-client.js';
import { ChainMismatchError, ChainUnreachableError } from '../../../../src/runtime/errors.js';
import { FakeClock, settle } from '../../../support/fake-clock.js';
import { ScriptedEndpoint, openScripted } from './scripted-endpoints.js';
import { rejectionOf } from '../../../support/rejection.js';
import { rangeLogs } from '../../../../src/chain/logs/log-calls.js';
import { MemoryLogger } from '../../../support/memory-logger.js';

const signal = new AbortController().signal;
const minute = 60_000;
const everything = { addresses: null, topics: null };

describe('endpoints that fail', () => {
  let clock: FakeClock;
  let first: ScriptedEndpoint;
  let second: ScriptedEndpoint;
  let client: ChainClient;
  let logger: MemoryLogger;

  const open = (...endpoints: ScriptedEndpoint[]): void => {
    client = openScripted(endpoints, clock, { logger });
  };
  /** Asks for a header by the clock, and returns what becomes of it within some time. */
  const ask = async (withinMs = 1_000): Promise<number | undefined> => {
    const asked = client.header('latest', signal);
    await clock.advance(withinMs);
    return (await Promise.race([asked, settle().then(() => null)]))?.number;
  };
  const beDown = (...endpoints: ScriptedEndpoint[]): void => {
    for (const endpoint of endpoints) endpoint.receive = () => 'refused connection';
  };
  const beUp = (...endpoints: ScriptedEndpoint[]): void => {
    for (const endpoint of endpoints) endpoint.receive = () => 'answer';
  };

  beforeEach(() => {
    clock = new FakeClock();
    logger = new MemoryLogger();
    [first, second] = [new ScriptedEndpoint('first', clock), new ScriptedEndpoint('second', clock)];
    open(first, second);
  });
  afterEach(() => client.close());

  it('hand a call over to the next one at once', async () => {
    beDown(first);
    expect(await ask(25)).to.equal(1_000_000);
    expect(second.asked).to.have.length(1);
  });

  it('are not asked while others answer, but looked at now and then, and trusted again when they are well', async () => {
    first.receive = ({ methods }) => (methods[0] === 'eth_chainId' ? 'answer' : 'refused connection');
    for (let calls = 0; calls < 3; calls++) {
      await Promise.all([
        client
          .via({ only: ['first'] })
          .header(1, signal)
          .catch(() => undefined),
        clock.advance(9_000),
      ]);
      if (first.asked.length >= 3) break;
    }
    beDown(first);
    const before = first.asked.length;
    for (let seconds = 0; seconds < 60; seconds++) expect(await ask()).to.equal(1_000_000);
    expect(first.asked).to.have.length(before);
    expect(first.arrivals.length - before).to.be.within(6, 25);
    beUp(first);
    beDown(second);
    expect(await ask(9_000)).to.equal(1_000_000);
  });

  it('are asked for their chain again after a silence: another node may stand there by now', async () => {
    beDown(first);
    expect(await ask()).to.equal(1_000_000);
    expect(second.asked).to.have.length(1);
    beUp(first);
    await clock.advance(minute);
    expect(await ask()).to.equal(1_000_000);
    // Nobody asked it, so that nobody saw its connections break.
    await clock.advance(minute);
    first.chainId = 5;
    second.chainId = 5;
    const failure = rejectionOf(client.header('latest', signal));
    await clock.advance(1_000);
    expect(await failure).to.be.instanceOf(ChainMismatchError);
  });

  it('end calls that nobody answers for a quarter of an hour, also those that only waited', async () => {
    await ask();
    beDown(first, second);
    const before = rejectionOf(client.header('latest', signal));
    await clock.advance(minute);
    let ended = 0;
    // History lets the head go first, and so never tries by itself.
    const failures = Array.from({ length: 5 }, (_each, index) =>
      rejectionOf(rangeLogs(client, everything, { from: index, to: index }, signal)).finally(() => ended++),
    );
    await clock.advance(10 * minute);
    expect(ended).to.equal(0);
    await clock.advance(10 * minute);
    for (const failure of await Promise.all([before, ...failures])) {
      expect(failure).to.be.instanceOf(ChainUnreachableError);
      expect(failure.message).to.match(/ECONNREFUSED, after 150 tries$/);
    }
  });

  const headless = { 'say nothing of it': 'null', 'say that there is none': { error: 'header not found' } } as const;
  for (const [how, reception] of Object.entries(headless)) {
    const lose = (...endpoints: ScriptedEndpoint[]): void => {
      for (const endpoint of endpoints)
        endpoint.receive = ({ methods }) => (methods[0] === 'eth_chainId' ? 'answer' : reception);
    };

    it(`hand the question for the head over where they know none, and ${how}`, async () => {
      lose(first);
      expect(await ask(100)).to.equal(1_000_000);
      expect(client.health()[0]).to.include({ latestFailed: true });
      const heads = client.via({ first: 'first' }).heads('finalized', signal);
      await clock.advance(100);
      expect((await heads).endpoint).to.equal('second');
    });

    it(`are tried for as long as in an outage where they know no head any more, and ${how}`, async () => {
      open(first);
      await ask();
      lose(first);
      const asked = client.head(signal);
      await clock.advance(10 * minute);
      expect(client.health()[0]).to.include({ latestFailed: true });
      beUp(first);
      await clock.advance(10_000);
      expect(await asked).to.include({ number: 1_000_000 });
    });

    it(`end the question for a head soon where they never knew one, and ${how}`, async () => {
      open(first);
      lose(first);
      const failure = rejectionOf(client.heads('finalized', signal), ChainUnreachableError);
      await clock.advance(minute);
      expect((await failure).message).to.match(
        /^the chain can not be reached: first: the node does not know any block(: header not found .*)?, after 10 tries$/,
      );
      expect((await failure).hint).to.match(/^the node may be syncing: /);
    });

    it(`are asked again at once where they know no head for a moment, and ${how}`, async () => {
      open(first);
      await ask();
      lose(first);
      const asked = client.head(signal);
      await clock.advance(20);
      beUp(first);
      await clock.advance(200);
      expect((await Promise.race([asked, settle().then(() => null)]))?.number).to.equal(1_000_000);
      expect(logger.messages('warn')).to.deep.equal([]);
    });
  }

  const outages = {
    'refuse connections': 'refused connection',
    'say nothing': 'silence',
    'answer with 503': { status: 503 },
    'refuse all requests as too many': { status: 429 },
    'have troubles of their own': { error: 'service temporarily unavailable' },
  } as const;
  for (const [how, reception] of Object.entries(outages)) {
    it(`are found within 10 s of their return from an outage of five minutes in which they ${how}`, async () => {
      await ask();
      for (const endpoint of [first, second]) endpoint.receive = () => reception;
      const asked = Array.from({ length: 6 }, (_each, index) => client.header(index, signal));
      const logs = rangeLogs(client, everything, { from: 7, to: 7 }, signal);
      await clock.advance(5 * minute);
      beUp(first, second);
      const since = clock.monotonic();
      const answered = Promise.all([...asked, logs]).then(() => clock.monotonic() - since);
      await clock.advance(20_000);
      expect(await answered).to.be.lessThan(10_000);
    });
  }

  it('are asked something simple before a range is blamed for their outage', async () => {
    open(first);
    await ask();
    first.receive = () => ({ status: 503 });
    const failures: unknown[] = [];
    const range = async (): Promise<void> => {
      for (let tries = 0; tries < 20; tries++) {
        const failure: unknown = await rangeLogs(client, everything, { from: 1, to: 9 }, signal).then(
          () => null,
          (error: unknown) => error,
        );
        if (failure === null) return;
        failures.push(failure);
      }
    };
    const read = range();
    await clock.advance(5 * minute);
    expect(failures).to.have.length.within(3, 4);
    // It is the range after all.
    first.receive = ({ methods }) => (methods.includes('eth_getLogs') ? { status: 503 } : 'answer');
    await clock.advance(minute);
    expect(failures).to.have.length.above(5);
    beUp(first);
    await clock.advance(minute);
    await read;
  });

  it('are tried by one call at a time, and run over by none when they return', async () => {
    open(first);
    await ask();
    beDown(first);
    const asked = Array.from({ length: 40 }, (_each, index) => client.header(index, new AbortController().signal));
    await clock.advance(minute);
    const tries = first.arrivals.length;
    await clock.advance(4 * minute);
    expect(first.arrivals.length - tries).to.be.within(30, 60);
    expect(first.arrivals.slice(tries).every(({ inFlight }) => inFlight === 1)).to.equal(true);
    const since = first.arrivals.length;
    beUp(first);
    await clock.advance(10_000);
    await Promise.all(asked);
    const together = first.arrivals.slice(since).map(({ inFlight }) => inFlight);
    expect(together.slice(0, 3)).to.deep.equal([1, 1, 1]);
    // Each answer lets one more in: two where there was one, four where there were two, …; from 8 on scouts find out.
    for (const [index, inFlight] of together.entries()) expect(Math.min(9, inFlight)).to.be.at.most(1 + index / 2);
    expect(Math.max(...together)).to.be.greaterThan(8);
  });

  it('do not make a call that was given up block the way of those that wait', async () => {
    open(first);
    await ask();
    first.receive = () => 'silence';
    const impatient = new AbortController();
    const given = Array.from({ length: 3 }, () => rejectionOf(client.header(1, impatient.signal)));
    await clock.advance(31_000);
    const waiting = client.header(2, signal);
    await clock.advance(1_500);
    impatient.abort(new Error('given up'));
    for (const failure of await Promise.all(given)) expect(failure.message).to.equal('given up');
    beUp(first);
    await clock.advance(10_000);
    expect((await waiting)?.number).to.equal(2);
  });

  it('of another chain are put aside, and looked at again after ten minutes', async () => {
    first.chainId = 5;
    expect(await ask()).to.equal(1_000_000);
    for (let passed = 0; passed < 9; passed++) {
      await clock.advance(minute);
      expect(await ask()).to.equal(1_000_000);
    }
    expect(first.arrivals).to.have.length(1);
    first.chainId = 31_337;
    await clock.advance(minute);
    await ask();
    expect(first.arrivals.length).to.equal(2);
    const told = logger.lines.filter((line) => !line.startsWith('debug'));
    expect(told).to.deep.equal([
      'error: first serves chain 5, not chain 31337: it is put aside for 10 min',
      'info: first serves chain 31337 now: it is asked again',
    ]);
    beDown(second);
    expect(await ask()).to.equal(1_000_000);
    expect(first.asked.length).to.be.greaterThan(0);
  });

  it('of another chain all of them, are an error until one is mended', async () => {
    first.chainId = 5;
    second.chainId = 6;
    const failure = rejectionOf(client.header(1, signal));
    await clock.advance(1_000);
    expect(await failure).to.be.instanceOf(ChainMismatchError);
    second.chainId = 31_337;
    await clock.advance(11 * minute);
    expect(await ask()).to.equal(1_000_000);
  });

  it('are told of once when it lasts, and again when it is over, by their hosts alone', async () => {
    await ask();
    beDown(first, second);
    const asked = client.header(1, signal);
    await clock.advance(2 * minute);
    beUp(first, second);
    await clock.advance(10_000);
    await asked;
    const told = logger.lines.filter((line) => !line.startsWith('debug'));
    expect(told.slice(0, 2).sort()).to.deep.equal([
      'warn: RPC call failed, trying again: first: connect ECONNREFUSED',
      'warn: RPC call failed, trying again: second: connect ECONNREFUSED',
    ]);
    expect(told.slice(2)[0]).to.match(/^info: (first|second) answers again$/);
    expect(told.length).to.be.at.most(4);
    expect(JSON.stringify(logger.entries)).to.not.contain('secret');
  });
});
