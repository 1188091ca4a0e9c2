import { expect } from 'chai';
import type { ChainClient } from '../../../../src/chain/blocks/chain-client.js';
import { FakeClock, settle } from '../../../support/fake-clock.js';
import { ScriptedEndpoint, openScripted } from './scripted-endpoints.js';
import { rangeLogs } from '../../../../src/chain/logs/log-calls.js';

const everything = { addresses: null, topics: null };
const never = (): AbortSignal => new AbortController().signal;

describe('endpoints that take only so many requests', () => {
  let clock: FakeClock;
  let first: ScriptedEndpoint;
  let second: ScriptedEndpoint;
  let client: ChainClient;

  const open = async (...endpoints: ScriptedEndpoint[]): Promise<void> => {
    client = openScripted(endpoints, clock);
    const head = client.heads('finalized', never());
    await clock.advance(1_000);
    await head;
  };
  /** Reads history in so many lanes for some seconds; returns how many requests were answered. */
  const read = async (lanes: number, seconds: number): Promise<number> => {
    const end = clock.monotonic() + seconds * 1_000;
    let answered = 0;
    const lane = async (from: number): Promise<void> => {
      while (clock.monotonic() < end) {
        await rangeLogs(client, everything, { from, to: from + 9 }, never());
        answered++;
      }
    };
    const done = Array.from({ length: lanes }, (_each, index) => lane(index * 10));
    await clock.advance(seconds * 1_000);
    await Promise.race([Promise.all(done), clock.advance(60_000)]);
    return answered;
  };
  /** Takes so many calls within each second. */
  const limit = (endpoint: ScriptedEndpoint, perSecond: number, message = 'too many requests'): void => {
    let taken: number[] = [];
    endpoint.receive = ({ at, methods }) => {
      taken = taken.filter((before) => before > at - 1_000);
      if (taken.length + methods.length > perSecond) return { error: message, code: 429 };
      taken.push(...methods.map(() => at));
      return 'answer';
    };
  };
  const between = (endpoint: ScriptedEndpoint, from: number, to: number): number =>
    endpoint.asked.filter(({ at }) => at >= from && at < to).length;

  beforeEach(() => {
    clock = new FakeClock();
    [first, second] = [new ScriptedEndpoint('first', clock), new ScriptedEndpoint('second', clock)];
  });
  afterEach(() => client.close());

  it('are soon not slowed down where they have no limit: all leaves at once', async () => {
    await open(first);
    const ask = (): Promise<unknown> =>
      Promise.all(Array.from({ length: 50 }, (_each, index) => client.header(index, never())));
    for (let round = 0; round < 4; round++) {
      const answered = ask();
      await clock.advance(200);
      await answered;
    }
    const before = first.asked.length;
    const asked = ask();
    await settle();
    expect(first.asked.length - before).to.equal(50);
    await clock.advance(10);
    await asked;
    expect(clock.sleeping).to.equal(0);
  });

  it('are asked beside the first one for history only where that one has told a limit', async () => {
    await open(first, second);
    const read50 = async (): Promise<void> => {
      const asked = Promise.all(
        Array.from({ length: 50 }, (_each, at) => client.times([at + 1], { moved: () => settle(), signal: never() })),
      );
      const logs = Promise.all(
        Array.from({ length: 50 }, (_each, at) => rangeLogs(client, everything, { from: at + 1, to: at + 1 }, never())),
      );
      await clock.advance(5_000);
      await Promise.all([asked, logs]);
    };
    await read50();
    // Now and then one is asked the same, to see how quick it is.
    expect(second.asked.length).to.be.at.most(5);
    limit(first, 20);
    await read50();
    expect(second.asked.length).to.be.greaterThan(10);
  });

  it('get nearly as many as they take, and seldom more', async () => {
    await open(first);
    limit(first, 40);
    const since = clock.monotonic();
    const answered = await read(6, 60);
    // Each asks for logs and a header.
    expect(answered).to.be.within(0.7 * 20 * 60, 20 * 61);
    const asked = between(first, since, since + 60_000);
    expect((asked - answered) / asked).to.be.lessThan(0.05);
  });

  it('are believed where they state their rate', async () => {
    await open(first);
    limit(first, 50, '50/second request limit reached');
    const since = clock.monotonic();
    const answered = await read(6, 30);
    const asked = between(first, since, since + 30_000);
    expect(answered).to.be.within(0.8 * 25 * 30, 25 * 31);
    expect(asked - answered).to.be.lessThan(0.06 * asked);
  });

  it('get no more at a time than they take', async () => {
    await open(first);
    first.delayMs = 200;
    first.receive = ({ inFlight }) => (inFlight > 3 ? { error: 'too many concurrent requests' } : 'answer');
    const since = clock.monotonic();
    const answered = await read(8, 60);
    expect(answered).to.be.greaterThan(0.6 * 3 * 5 * 60);
    expect(between(first, since, since + 60_000) - answered).to.be.lessThan(answered * 0.05);
  });

  it('are not left alone for refusals that came together', async () => {
    await open(first);
    const since = clock.monotonic();
    first.receive = ({ at }) => (at - since < 5 ? { status: 429 } : 'answer');
    let answered = 0;
    const asked = Array.from({ length: 8 }, async (_each, index) => {
      await client.header(index + 1, never());
      answered++;
    });
    await clock.advance(200);
    expect(answered).to.equal(8);
    await Promise.all(asked);
  });

  it('are left alone for as long as they wish, while others are asked', async () => {
    await open(first, second);
    first.receive = () => ({ status: 429, retryAfter: '17' });
    const since = clock.monotonic();
    for (let second = 0; second < 17; second++) {
      const header = client.header(1, never());
      await clock.advance(1_000);
      await header;
    }
    expect(between(first, since, since + 16_999)).to.equal(1);
    expect(second.asked.length).to.be.at.least(17);
  });

  it('give their first free place to what is new, before history', async () => {
    await open(first);
    first.delayMs = 500;
    limit(first, 4, '4/second request limit reached');
    void read(14, 30).catch(() => undefined);
    await clock.advance(10_000);
    for (let round = 0; round < 5; round++) {
      const since = clock.monotonic();
      const fresh = client.header('latest', never()).then(() => clock.monotonic() - since);
      await clock.advance(3_000);
      expect(await Promise.race([fresh, settle().then(() => 'it still waits')])).to.be.lessThan(2_500);
    }
    await clock.advance(60_000);
  });
});
