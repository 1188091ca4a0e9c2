import type { RpcError, RpcErrorClass } from '../errors/rpc-error.js';

/** Calls whose times can be compared among each other: for the head of the chain, for logs, and for times of blocks. */
export type CallKind = 'head' | 'logs' | 'times';

/** The share of the newest sample in what is smoothed. */
const newest = 0.2;
/** Errors count half as much after so many milliseconds. */
const halfLifeMs = 60_000;
/** Of so many calls it is known how long they usually take; how far beyond that an answer is late, in mean deviations. */
const samplesNeeded = 16;
const lateDeviations = 4;
const lateFactor = 2;
/** How often what is late may take as long before nobody knows where the head is; and how long that is where nobody said, in milliseconds. */
const headPatience = 3;
const usualHeadPatienceMs = 10_000;
/** How much worse an endpoint is that always fails, next to one that never does. */
const costOfErrors = 8;

/** What tells nothing against an endpoint: answers about the request, and wishes for fewer requests. */
const notFaults: ReadonlySet<RpcErrorClass> = new Set([
  'range-cap',
  'density',
  'response-too-large',
  'rate-limit',
  'missing-state',
  'revert',
  'method-disabled',
  'pruned',
  'invalid-request',
  'batch',
]);

/** How long calls take, smoothed, and how far from that they are in the mean, in milliseconds. */
interface Latency {
  readonly ms: number;
  readonly deviation: number;
  readonly samples: number;
  /** When the last one was measured. */
  readonly at: number;
}

interface CallOnItsWay {
  readonly kind: CallKind | undefined;
  readonly since: number;
}

/** How quick an endpoint is and how often it fails. Times are those of one monotonic clock, in milliseconds. */
export class EndpointHealth {
  readonly #counts: Partial<Record<'answer' | RpcErrorClass, number>> = {};
  readonly #latencies = new Map<CallKind, Latency>();
  /** Calls that are on their way. */
  readonly #calls = new Set<CallOnItsWay>();
  /** When it was heard last, or a call was given up. */
  #heardAt = Number.NEGATIVE_INFINITY;
  #headPatienceMs = usualHeadPatienceMs;
  #errors = 0;
  #errorsAt = 0;
  #latestFailed = false;
  #lastError: RpcError | null = null;
  #lastErrorAt = 0;

  /** How often calls ended how. */
  get counts(): Readonly<Partial<Record<'answer' | RpcErrorClass, number>>> {
    return this.#counts;
  }

  get lastError(): RpcError | null {
    return this.#lastError;
  }

  get lastErrorAt(): number {
    return this.#lastErrorAt;
  }

  /** Says whether the latest call failed; calls that were refused for what they asked don't count. */
  get latestFailed(): boolean {
    return this.#latestFailed;
  }

  /** An answer has come: calls that leave from now on wait for another one. */
  heard(now: number): void {
    this.#heardAt = now;
  }

  /** A call was answered, and its answer read. */
  answered(now: number): void {
    this.#latestFailed = false;
    this.#count('answer');
    if (this.#errors > 0) this.#smoothErrors(0, now);
  }

  /** A call of a kind took so long, in milliseconds. */
  measured(kind: CallKind, ms: number, now: number): void {
    const known = this.#latencies.get(kind) ?? { ms, deviation: 0, samples: 0 };
    this.#latencies.set(kind, {
      ms: known.ms + newest * (ms - known.ms),
      deviation: known.deviation + newest * (Math.abs(ms - known.ms) - known.deviation),
      samples: known.samples + 1,
      at: now,
    });
  }

  /** How long calls of a kind take, smoothed, in milliseconds; infinite where none was measured. */
  latencyMs(kind: CallKind): number {
    return this.#latencies.get(kind)?.ms ?? Number.POSITIVE_INFINITY;
  }

  /**
   * After how long an answer to a call of a kind is late, in milliseconds, as a timeout of TCP is found (Jacobson, 1988); infinite
   * where few were measured.
   */
  lateMs(kind: CallKind): number {
    const { ms, deviation, samples } = this.#latencies.get(kind) ?? { ms: 0, deviation: 0, samples: 0 };
    return samples < samplesNeeded
      ? Number.POSITIVE_INFINITY
      : Math.max(lateFactor * ms, ms + lateDeviations * deviation);
  }

  /** When a call of a kind was measured last. */
  measuredAt(kind: CallKind): number {
    return this.#latencies.get(kind)?.at ?? Number.NEGATIVE_INFINITY;
  }

  /** For how long a call for the head may go without an answer before the head is unknown, in milliseconds. */
  get headPatienceMs(): number {
    return this.#headPatienceMs;
  }

  /** A call of a kind leaves that was asked for at a time; it is on its way until what is returned is called. */
  sent(kind: CallKind | undefined, since: number, lateMs?: number): () => void {
    if (lateMs !== undefined) this.#headPatienceMs = headPatience * lateMs;
    const call = { kind, since };
    this.#calls.add(call);
    return () => void this.#calls.delete(call);
  }

  /** How long the oldest call for the head without an answer has waited, of those that left since one was answered, in milliseconds; 0: none. */
  headWaitMs(now: number): number {
    return this.#waitMs((call) => call.kind === 'head' && call.since >= this.measuredAt('head'), now);
  }

  /** As `headWaitMs`, of calls for whatever: an endpoint that is asked for old logs alone may be frozen, too. */
  waitMs(now: number): number {
    return this.#waitMs((call) => call.since >= this.#heardAt, now);
  }

  failed(error: RpcError, now: number): void {
    this.#count(error.class);
    this.#lastError = error;
    this.#lastErrorAt = now;
    this.#heardAt = now;
    if (notFaults.has(error.class)) return;
    this.#latestFailed = true;
    this.#smoothErrors(1, now);
  }

  /** The share of failures among the latest calls. */
  errorRate(now: number): number {
    return this.#errors === 0 ? 0 : this.#errors * 2 ** ((this.#errorsAt - now) / halfLifeMs);
  }

  /** How much worse it is to ask this endpoint than one that never fails. */
  penalty(now: number): number {
    return 1 + costOfErrors * this.errorRate(now);
  }

  #waitMs(counts: (call: CallOnItsWay) => boolean, now: number): number {
    return [...this.#calls].filter(counts).reduce((longest, { since }) => Math.max(longest, now - since), 0);
  }

  #smoothErrors(sample: number, now: number): void {
    const rate = this.errorRate(now);
    this.#errors = rate + newest * (sample - rate);
    this.#errorsAt = now;
  }

  #count(result: 'answer' | RpcErrorClass): void {
    this.#counts[result] = (this.#counts[result] ?? 0) + 1;
  }
}
