import { setMaxListeners } from 'node:events';
import { ChainClient } from '../../../../src/chain/blocks/chain-client.js';
import { systemClock } from '../../../../src/runtime/clock.js';
import { silentLogger } from '../../../../src/runtime/logger.js';
import { ChainSimulator } from '../../../support/chain-simulator.js';
import { expect } from 'chai';
import { FakeClock } from '../../../support/fake-clock.js';
import { RateCounter } from '../../../support/rate-counter.js';
import type { RateRules, RateStyle } from '../../../support/rate-counter.js';
import { ScriptedEndpoint, openScripted } from './scripted-endpoints.js';

interface Played {
  readonly answered: number;
  readonly refused: number;
}

interface Play {
  readonly seconds: number;
  readonly lanes?: number;
  readonly delayMs?: number;
  /** How many requests a second others make with the same key. */
  readonly others?: number;
  /** How much of the limit a request takes off. */
  readonly cost?: number;
  /** Changes what the headers say. */
  readonly tell?: (headers: Record<string, string>) => Record<string, string>;
}

/** Asks an endpoint which counts by rules, and says so, as often as it may be; how many were answered and refused after its first answer. */
async function play(rules: RateRules, { seconds, tell = (headers) => headers, ...how }: Play): Promise<Played> {
  const { lanes = 16, delayMs = 100, others = 0, cost = 1 } = how;
  const clock = new FakeClock();
  const endpoint = new ScriptedEndpoint('node.example', clock);
  const counter = new RateCounter(rules);
  const counts = { answered: 0, refused: 0 };
  let othersUntil = clock.monotonic();
  endpoint.delayMs = delayMs;
  endpoint.receive = ({ at }) => {
    for (; others > 0 && othersUntil < at; othersUntil += 1_000 / others) counter.take(othersUntil);
    let isTaken = true;
    for (let each = 0; each < cost; each++) isTaken = counter.take(at) && isTaken;
    counts[isTaken ? 'answered' : 'refused']++;
    return isTaken ? 'answer' : { status: 429 };
  };
  endpoint.headers = () => tell(counter.headers(clock.monotonic(), clock.now()));
  const client = openScripted([endpoint], clock);
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  const first = client.header('latest', stop.signal);
  await clock.advance(1_000);
  await first;
  Object.assign(counts, { answered: 0, refused: 0 });
  const lane = async (): Promise<void> => {
    while (!stop.signal.aborted) await client.header(1, stop.signal);
  };
  const running = Array.from({ length: lanes }, () => lane().catch(() => undefined));
  await clock.advance(seconds * 1_000);
  stop.abort(new Error('enough'));
  await Promise.all(running);
  await client.close();
  return counts;
}

const styles: readonly RateStyle[] = [
  'three headers',
  'one header',
  'structured',
  'x- and seconds',
  'x- and a unix time',
  'x- and a unit',
];
const second = { limit: 25, windowMs: 1_000 };

describe('a rate that an endpoint states with its answers', () => {
  for (const style of styles) {
    it(`is used, and nothing is refused: ${style}`, async () => {
      const { answered, refused } = await play({ ...second, style }, { seconds: 40 });
      expect(refused).to.equal(0);
      expect(answered).to.be.within(0.95 * 40 * 25, 40 * 25);
    });
  }

  it('is used where the latest second is counted, not the current one, and where answers take long', async () => {
    const rules = { ...second, style: 'three headers' } as const;
    for (const isSliding of [false, true]) {
      const { answered, refused } = await play({ ...rules, isSliding }, { seconds: 40, delayMs: 400, lanes: 64 });
      expect(refused).to.equal(0);
      expect(answered).to.be.within(0.95 * 40 * 25, 40 * 25);
    }
  });

  it('is read from the headers of HTTP', async function () {
    this.timeout(20_000);
    const rate = new RateCounter({ limit: 20, windowMs: 1_000, style: 'x- and seconds' });
    const node = await ChainSimulator.start({ rate });
    const client = new ChainClient({ urls: [node.url], chainId: 31_337, clock: systemClock, logger: silentLogger });
    const { signal } = new AbortController();
    const lane = async (): Promise<void> => {
      for (let calls = 0; calls < 15; calls++) await client.header(0, signal);
    };
    await Promise.all(Array.from({ length: 4 }, lane));
    expect(client.health()[0]?.maxPerSecond).to.be.within(10, 20);
    // The first request, whose connection is yet to be made, is longer on its way than those after it.
    expect(client.health()[0]?.results['rate-limit'] ?? 0).to.be.at.most(3);
    await client.close();
    await node.stop();
  });

  it('may be one of minutes', async () => {
    const minutes = { limit: 600, windowMs: 60_000, style: 'one header' } as const;
    const { answered, refused } = await play(minutes, { seconds: 180 });
    expect(refused).to.equal(0);
    expect(answered).to.be.within(0.95 * 1_800, 1_800);
  });

  it('is shared with others who ask with the same key: what they take off is not asked for', async () => {
    for (const isSliding of [false, true]) {
      const rules = { ...second, style: 'structured', isSliding } as const;
      const { answered, refused } = await play(rules, { seconds: 40, others: 10 });
      expect(refused).to.equal(0);
      expect(answered).to.be.at.least(0.6 * 40 * 15);
    }
  });

  it('may count something else than requests: it is found out how much one takes off', async () => {
    const { answered, refused } = await play({ ...second, style: 'x- and seconds' }, { seconds: 40, cost: 5 });
    expect(refused).to.be.at.most(4);
    expect(answered).to.be.within(0.95 * 40 * 5, 41 * 5);
  });

  it('slows nobody down who makes no use of it', async () => {
    const rules = { limit: 1_000, windowMs: 1_000, style: 'structured' } as const;
    const { answered, refused } = await play(rules, { seconds: 20, lanes: 4 });
    expect(refused).to.equal(0);
    expect(answered).to.be.at.least(0.97 * 20 * 40);
  });

  it('stops nobody for ever: what is left is not believed of who answers all the same, nor an end that lies far away', async () => {
    const rules = { limit: 1_000, windowMs: 1_000, style: 'x- and seconds' } as const;
    const tell = (): Record<string, string> => ({
      'x-ratelimit-limit': '100',
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': '999999999',
    });
    const { answered } = await play(rules, { seconds: 300, tell });
    expect(answered).to.be.at.least(1_000);
  });

  it('may differ from answer to answer: the lowest of the latest two minutes counts', async () => {
    let answers = 0;
    const rules = { limit: 20, windowMs: 1_000, style: 'structured' } as const;
    const tell = (headers: Record<string, string>): Record<string, string> =>
      answers++ % 2 === 0 ? headers : { ratelimit: '"calls";r=99;t=1', 'ratelimit-policy': '"calls";q=100;w=1' };
    const { answered, refused } = await play(rules, { seconds: 40, tell });
    expect(refused).to.equal(0);
    expect(answered).to.be.at.least(0.95 * 40 * 20);
  });
});
