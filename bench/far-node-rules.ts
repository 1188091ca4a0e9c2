import { seededRandom } from '../test/support/seeded-random.js';
import { RateCounter } from '../test/support/rate-counter.js';

/** How the node is. Rates and numbers are of requests over HTTP; 0: without a limit. */
export interface FarNodeTraits {
  readonly blocks: number;
  readonly logsPerBlock: number;
  readonly latencyMs: number;
  /** The most blocks of a request for logs. */
  readonly maxBlocks: number;
  readonly perSecond: number;
  readonly inFlight: number;
  /** Whether refusals for the number of requests say what is allowed. */
  readonly isStated: boolean;
  /** Whether the headers of all answers say so: then whole seconds are counted. */
  readonly isInHeaders: boolean;
  /** The share of requests that fail in one way or another. */
  readonly faults: number;
}

/** As the benchmarks have it where they say nothing else. */
export const usualTraits: Omit<FarNodeTraits, 'blocks'> = {
  logsPerBlock: 10,
  latencyMs: 100,
  maxBlocks: 100,
  perSecond: 0,
  inFlight: 0,
  isStated: false,
  isInHeaders: false,
  faults: 0,
};

/** The rate of a node that limits it, in requests a second. */
export const limitedPerSecond = 25;

/** What it was asked, since it was asked for this last. Times are in milliseconds, from the first answer to the last. */
export interface FarNodeFigures {
  readonly answered: number;
  readonly refused: number;
  readonly failed: number;
  readonly mostInFlight: number;
  readonly spanMs: number;
}

/** How a request is met once the latency is over. */
export type FarReply =
  | { readonly kind: 'answer' }
  | { readonly kind: 'refusal'; readonly text: string }
  | { readonly kind: 'fault'; readonly fault: FarFault };

/** A way to fail: a status or an error instead of the answer, no answer, half of it, or one that comes late. */
export type FarFault =
  | { readonly how: 'status'; readonly status: number; readonly text: string; readonly type?: string }
  | { readonly how: 'error'; readonly error: { readonly code: number; readonly message: string } }
  | { readonly how: 'destroy' }
  | { readonly how: 'half'; readonly afterMs: number }
  | { readonly how: 'late'; readonly latencies: number };

/** Ways to fail, which are drawn in turn: each is common. */
const faults: readonly FarFault[] = [
  { how: 'status', status: 429, text: '' },
  { how: 'status', status: 503, text: 'upstream connect error' },
  { how: 'status', status: 502, text: '<html>Bad Gateway</html>', type: 'text/html' },
  { how: 'error', error: { code: -32603, message: 'internal error' } },
  { how: 'error', error: { code: -32000, message: 'header not found' } },
  { how: 'destroy' },
  { how: 'half', afterMs: 10 },
  { how: 'late', latencies: 5 },
];

/** A request that has arrived. */
export interface FarArrival {
  /** What the headers of its answer say. */
  readonly headers: Readonly<Record<string, string>>;
  /** Ends it, when the latency is over; says how it is met. */
  readonly end: () => FarReply;
}

const nothing = { answered: 0, refused: 0, failed: 0, mostInFlight: 0 };

/** What a far node does with whoever asks, by a clock in milliseconds; an answer's text is made elsewhere. */
export class FarNodeRules {
  readonly #traits: FarNodeTraits;
  readonly #clock: { readonly monotonic: () => number; readonly now: () => number };
  readonly #random: () => number;
  readonly #rate: RateCounter | null;
  #counts = { ...nothing };
  #firstAt = 0;
  #lastAt = 0;
  #inFlight = 0;
  #left: number;
  #refilledAt: number;

  constructor(
    traits: FarNodeTraits,
    clock: { readonly monotonic: () => number; readonly now: () => number },
    seed = 7,
  ) {
    this.#traits = traits;
    this.#clock = clock;
    this.#random = seededRandom(seed);
    this.#rate = traits.isInHeaders
      ? new RateCounter({ limit: traits.perSecond, windowMs: 1_000, style: 'structured' })
      : null;
    this.#left = traits.perSecond;
    this.#refilledAt = clock.monotonic();
  }

  /** A request arrives; it counts from here to its answer. */
  arrive(): FarArrival {
    const now = this.#clock.monotonic();
    const { perSecond, inFlight } = this.#traits;
    const isOver = this.#rate === null ? this.#isOverRate(now) : !this.#rate.take(now);
    const headers = this.#rate?.headers(now, this.#clock.now()) ?? {};
    const isCrowded = inFlight > 0 && this.#inFlight >= inFlight;
    this.#inFlight++;
    this.#counts.mostInFlight = Math.max(this.#counts.mostInFlight, this.#inFlight);
    const end = (): FarReply => {
      this.#inFlight--;
      if (isOver) return this.#refusal(`${perSecond} requests per second are allowed`);
      return isCrowded ? this.#refusal('too many concurrent requests') : this.#reply();
    };
    return { headers, end };
  }

  /** Returns what it was asked since this was asked for last. */
  takeFigures(): FarNodeFigures {
    const figures = { ...this.#counts, spanMs: this.#lastAt - this.#firstAt };
    this.#counts = { ...nothing };
    [this.#firstAt, this.#lastAt] = [0, 0];
    return figures;
  }

  #reply(): FarReply {
    if (this.#random() < this.#traits.faults) {
      return { kind: 'fault', fault: faults[this.#counts.failed++ % faults.length]! };
    }
    this.#counts.answered++;
    this.#lastAt = this.#clock.monotonic();
    if (this.#firstAt === 0) this.#firstAt = this.#lastAt;
    return { kind: 'answer' };
  }

  /** A bucket that holds what a second gives. */
  #isOverRate(now: number): boolean {
    const { perSecond } = this.#traits;
    if (perSecond === 0) return false;
    this.#left = Math.min(perSecond, this.#left + ((now - this.#refilledAt) * perSecond) / 1_000);
    this.#refilledAt = now;
    if (this.#left < 1) return true;
    this.#left--;
    return false;
  }

  #refusal(words: string): FarReply {
    this.#counts.refused++;
    const message = this.#traits.isStated ? words : 'too many requests';
    return { kind: 'refusal', text: errorText({ code: 429, message }) };
  }
}

/** Returns the text of an answer that is an error. */
export function errorText(error: object): string {
  return JSON.stringify({ jsonrpc: '2.0', id: null, error });
}
