import { expect } from 'chai';
import { LogPrefetcher } from '../../../src/chain/logs/log-prefetcher.js';
import { LogSource } from '../../../src/chain/logs/log-source.js';
import { silentLogger } from '../../../src/runtime/logger.js';
import { FakeClock } from '../../support/fake-clock.js';
import { ScriptedEndpoint, openScripted } from '../transport/endpoints/scripted-endpoints.js';

const blocks = 100_000;
const delayMs = 80;
const signal = new AbortController().signal;

/** What an endpoint takes. */
interface Traits {
  /** The most blocks of a request for logs. */
  readonly most: number;
  /** The most requests a second, which a refusal states; as many as are wanted where nothing is said. */
  readonly perSecond?: number;
  /** From when on nobody reaches it, in milliseconds after the beginning. */
  readonly untilMs?: number;
}

describe('history from several endpoints, each of which gives so many blocks at once', () => {
  /** Reads it all; returns how long that took and, of each endpoint, how many blocks each request asked for, and how many it refused. */
  const read = async (
    ...traits: readonly Traits[]
  ): Promise<{ ms: number; sizes: readonly (readonly number[])[]; refused: readonly number[] }> => {
    const clock = new FakeClock();
    const since = clock.monotonic();
    const sizes: number[][] = traits.map(() => []);
    const refused = traits.map(() => 0);
    const endpoints = traits.map(({ most, perSecond = Number.POSITIVE_INFINITY, untilMs = Infinity }, index) => {
      const endpoint = new ScriptedEndpoint(`node-${index}`, clock);
      endpoint.delayMs = delayMs;
      let taken: number[] = [];
      endpoint.receive = ({ at }, calls) => {
        if (at - since >= untilMs) return 'refused connection';
        taken = [...taken.filter((before) => before > at - 1_000), at];
        if (taken.length > perSecond) return { error: `${perSecond}/second request limit reached`, code: 429 };
        const asked = calls.find(({ method }) => method === 'eth_getLogs')?.params[0];
        if (asked === undefined) return 'answer';
        const { fromBlock, toBlock } = asked as { readonly fromBlock: string; readonly toBlock: string };
        const count = Number(toBlock) - Number(fromBlock) + 1;
        if (count > most) {
          refused[index]!++;
          return { error: `block range exceeds the limit of ${most} blocks` };
        }
        sizes[index]!.push(count);
        return 'answer';
      };
      return endpoint;
    });
    const chain = openScripted(endpoints, clock);
    const filter = { addresses: null, topics: null };
    const source = new LogSource({
      chain,
      filter,
      batchSize: 2_000,
      clock,
      logger: silentLogger,
      random: () => 0,
      isAwaited: true,
    });
    const ahead = new LogPrefetcher({ source, moved: () => Promise.resolve() });
    const state = { isDone: false };
    const reading = (async (): Promise<void> => {
      await chain.heads('latest', signal);
      for (let from = 1; from <= blocks;) {
        const fetched = await ahead.next({ from, to: blocks }, signal);
        expect(fetched.from).to.equal(from);
        from = fetched.to + 1;
      }
    })().finally(() => (state.isDone = true));
    while (!state.isDone && clock.monotonic() < since + 600_000) await clock.advance(20);
    await reading;
    await chain.close();
    return { ms: clock.monotonic() - since, sizes, refused };
  };
  const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
  const [large, small] = [{ most: 2_000 }, { most: 10 }];

  it('is not slower for a second one that gives less, in whichever order they are given', async () => {
    const alone = await read(large);
    for (const traits of [
      [small, large],
      [large, small],
    ]) {
      const both = await read(...traits);
      const [ofLarge, ofSmall] = traits[0] === large ? both.sizes : [...both.sizes].reverse();
      // Each is asked for its chain first, and then what it gives.
      expect(both.ms).to.be.at.most(alone.ms + 3 * delayMs);
      expect(ofLarge!.length).to.be.at.most(alone.sizes[0]!.length * 1.1);
      // Nothing is wasted on it, but for finding out what it gives.
      expect(ofSmall!.length).to.be.at.most(2);
      expect(sum(both.refused)).to.be.at.most(2);
    }
  });

  it('comes from all at once that give as much', async () => {
    const alone = await read(large);
    const both = await read(large, large);
    expect(both.ms).to.be.at.most(alone.ms);
    for (const sizes of both.sizes) expect(sum(sizes)).to.be.greaterThan(blocks * 0.15);
  });

  it('comes from each at its own rate where they limit that', async () => {
    const limited = { ...large, perSecond: 10 };
    const alone = await read(limited);
    const both = await read(limited, limited);
    // When each is first refused is chance, and what follows from it: some half of the time, at times more.
    expect(both.ms).to.be.at.most(alone.ms * 0.9);
  });

  it('comes in ranges of its own size also from one that gives less, where the other takes no more requests', async () => {
    const limited = { ...large, perSecond: 5 };
    const alone = await read(limited);
    const both = await read(limited, small);
    const [ofLarge, ofSmall] = both.sizes as [number[], number[]];
    expect(both.ms).to.be.at.most(alone.ms * 0.95);
    expect(sum(ofSmall)).to.be.greaterThan(blocks * 0.05);
    expect(Math.max(...ofSmall)).to.equal(10);
    expect(sum(ofLarge) / ofLarge.length).to.be.greaterThan(1_000);
    // Until it is known that they are too many a second more and more leave at a time.
    expect(sum(both.refused)).to.be.at.most(12);
  });

  it('is asked for in smaller ranges of the one that is left where the other goes away', async () => {
    const { sizes, refused } = await read({ ...large, untilMs: 400 }, { ...small, most: 200 });
    const [ofLarge, ofSmall] = sizes as [number[], number[]];
    // What the large one had answered by then is not believed where it can't be asked for its chain any more.
    expect(sum(ofLarge) + sum(ofSmall)).to.be.within(blocks, blocks * 1.3);
    expect(Math.max(...ofSmall)).to.equal(200);
    expect(sum(refused)).to.be.at.most(2);
  });
});
