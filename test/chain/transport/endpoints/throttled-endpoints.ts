import { setMaxListeners } from 'node:events';
import { silentLogger } from '../../../../src/runtime/logger.js';
import type { Logger } from '../../../../src/runtime/logger.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { seededRandom } from '../../../support/seeded-random.js';
import { ScriptedEndpoint, openScripted } from './scripted-endpoints.js';

type Receive = ScriptedEndpoint['receive'];

/** A way in which endpoints refuse calls. */
export interface Throttling {
  readonly name: string;
  /** True where it is nothing but a limit: then what is refused could have been known. */
  readonly isLimit?: boolean;
  /** `begin`: when it begins, by the clock of the arrivals, in milliseconds. */
  readonly receive: (begin: number, random: () => number) => Receive;
  /** How many calls whoever knows all of it gets answered within so many seconds. */
  readonly oracle: (seconds: number) => number;
}

/** So many calls are asked for at a time, and an answer takes so long, in milliseconds. */
const lanes = 16;
const delayMs = 100;
const mostPerSecond = (lanes * 1_000) / delayMs;

/** Lets so many calls through each second, after a burst; returns what it does with one at a time. */
function bucket(perSecond: number, burst: number, refusal: ReturnType<Receive>): Receive {
  let [left, since] = [burst, 0];
  return ({ at, methods }) => {
    left = Math.min(burst, left + ((at - since) * perSecond) / 1_000);
    since = at;
    if (left < methods.length) return refusal;
    left -= methods.length;
    return 'answer';
  };
}

/** Answers as `receive` does, but for a random share of refusals and one of failures. */
function atRandom(
  random: () => number,
  { refused, failed }: { readonly refused: number; readonly failed: number },
  receive: Receive = () => 'answer',
): Receive {
  return (arrival, calls) => {
    const drawn = random();
    if (drawn < refused) return { status: 429 };
    if (drawn < refused + failed) return { status: 503 };
    return receive(arrival, calls);
  };
}

const tooMany = { error: 'too many requests', code: 429 } as const;

/** Kinds of endpoints that refuse calls. */
export const throttlings: readonly Throttling[] = [
  {
    name: '15 % of answers 429 and 10 % 503, at random',
    receive: (_begin, random) => atRandom(random, { refused: 0.15, failed: 0.1 }),
    oracle: (seconds) => seconds * mostPerSecond * 0.75,
  },
  {
    name: '15 % of answers 429 at random, and 50 calls a second',
    receive: (_begin, random) => atRandom(random, { refused: 0.15, failed: 0 }, bucket(50, 50, tooMany)),
    oracle: (seconds) => seconds * 50,
  },
  {
    name: '50 calls a second',
    isLimit: true,
    receive: () => bucket(50, 50, tooMany),
    oracle: (seconds) => seconds * 50,
  },
  {
    name: '10 calls a second, 20 at once',
    isLimit: true,
    receive: () => bucket(10, 20, tooMany),
    oracle: (seconds) => seconds * 10,
  },
  {
    name: '50 calls a second, and Retry-After',
    isLimit: true,
    receive: () => bucket(50, 50, { status: 429, retryAfter: '1' }),
    oracle: (seconds) => seconds * 50,
  },
  {
    name: '429 for five seconds, then none',
    receive:
      (begin) =>
      ({ at }) =>
        at - begin < 5_000 ? { status: 429 } : 'answer',
    oracle: (seconds) => (seconds - 5) * mostPerSecond,
  },
];

interface Played {
  readonly answered: number;
  readonly asked: number;
  /** Answers, as a share of what an oracle would get. */
  readonly share: number;
}

/** Plays a kind of throttling with each of some seeds; returns them from the worst to the best share. */
export async function playSeeds(throttling: Throttling, seconds: number, seeds: number): Promise<readonly Played[]> {
  const played = [];
  for (let seed = 1; seed <= seeds; seed++) played.push(await playThrottling(throttling, seconds, { seed }));
  return played.sort((one, other) => one.share - other.share);
}

/** Asks an endpoint as often as it lets for some seconds of a clock that only seems to pass; all chance follows from the seed. */
export async function playThrottling(
  throttling: Throttling,
  seconds: number,
  { seed = 7, logger = silentLogger }: { readonly seed?: number; readonly logger?: Logger } = {},
): Promise<Played> {
  const systemRandom = Math.random;
  // Backoff and jitter draw from it.
  Math.random = seededRandom(seed ^ 0x5eed);
  try {
    return await play(throttling, seconds, seededRandom(seed), logger);
  } finally {
    Math.random = systemRandom;
  }
}

async function play(
  { receive, oracle }: Throttling,
  seconds: number,
  random: () => number,
  logger: Logger,
): Promise<Played> {
  const clock = new FakeClock();
  const endpoint = new ScriptedEndpoint('node.example', clock);
  const client = openScripted([endpoint], clock, { logger });
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  const first = client.header('latest', stop.signal);
  await clock.advance(1_000);
  await first;
  const begin = clock.monotonic();
  const before = endpoint.asked.length;
  endpoint.delayMs = delayMs;
  endpoint.receive = receive(begin, random);
  let answered = 0;
  const lane = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      await client.header(1, stop.signal);
      answered++;
    }
  };
  const running = Array.from({ length: lanes }, () => lane().catch(() => undefined));
  await clock.advance(seconds * 1_000);
  stop.abort(new Error('enough'));
  await Promise.all(running);
  await client.close();
  return { answered, asked: endpoint.asked.length - before, share: answered / oracle(seconds) };
}
