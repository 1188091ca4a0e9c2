import { setMaxListeners } from 'node:events';
import type { BlockTime } from '../../model/block.js';
import { abortable } from '../../runtime/abortable.js';
import type { Call } from '../../runtime/call.js';
import { chunks } from '../../runtime/chunks.js';

type Found = ReadonlyMap<number, BlockTime | null>;

/** What one request told. */
export interface TimesTold {
  /** Of each block that it told of its time, null where the node does not have it. */
  readonly found: Found;
  /** How many calls the endpoint that answered takes in one request, and how long its answer was, in bytes. */
  readonly mostCalls: number;
  readonly bytes: number;
}

/** The blocks that a request asks for. */
export interface AskedTimes {
  /** How many those are by now. */
  readonly calls: number;
  /** Says which they are: from then on none is added. */
  take(): readonly number[];
}

export interface TimeBatchesOptions {
  /**
   * Asks for some blocks in one request, for none where nobody wants any by then; answers null where fewer at a time may be
   * answered.
   */
  readonly ask: (asked: AskedTimes, signal: AbortSignal) => Promise<TimesTold | null>;
  /** Returns how many requests the endpoints take at a time, as far as is known. */
  readonly room: () => number;
}

/** Whoever waits for the times of some blocks, no more than one request asks for. */
interface Waiter {
  readonly numbers: readonly number[];
  /** Called where it waits no longer. */
  left: () => unknown;
  readonly resolve: (found: Found) => void;
  readonly reject: (error: unknown) => void;
}

/** Those whom one request asks for, and for which blocks. */
interface Joined {
  readonly waiters: readonly Waiter[];
  readonly numbers: readonly number[];
}

/** How many blocks a request asks for, to begin with and at most; and how long its answer should be at most. */
const atFirst = 50;
const mostBlocks = 1_000;
const mostBytes = 4 * 2 ** 20;
/** How many of the requests in flight may be for times. */
const leastRequests = 2;
const share = 1 / 8;
const nothing: Found = new Map();

/**
 * Reads the times of blocks for many at a time: what is wanted while a few requests are in flight is collected for the next one, which
 * asks for as many as endpoints take.
 */
export class TimeBatches {
  readonly #options: TimeBatchesOptions;
  /** In the order in which they came. */
  readonly #waiting = new Set<Waiter>();
  #inFlight = 0;
  /** Ends the request that waits to leave; null where none does. */
  #leaving: AbortController | null = null;
  #size = atFirst;
  #bytesPerBlock = 0;

  constructor(options: TimeBatchesOptions) {
    this.#options = options;
  }

  /**
   * Returns the times of blocks in their order, null where the node has none; it moves with each answer that holds some
   * of them. Throws what `ask` throws.
   */
  async read(numbers: readonly number[], call: Call): Promise<(BlockTime | null)[]> {
    // Each part of what is wanted listens to it.
    setMaxListeners(0, call.signal);
    const found = new Map<number, BlockTime | null>();
    const readAll = async (wanted: readonly number[]): Promise<void> => {
      // What a request left unanswered is asked for again, not the whole.
      for (let missing = wanted; missing.length > 0; missing = missing.filter((number) => !found.has(number))) {
        const told = await this.#join(missing, call.signal);
        for (const number of missing) {
          const time = told.get(number);
          if (time !== undefined) found.set(number, time);
        }
        await call.moved();
      }
    };
    await Promise.all(chunks([...new Set(numbers)], this.#size).map(readAll));
    return numbers.map((number) => found.get(number) ?? null);
  }

  /** Waits for a request for some blocks, the first ones at least; returns what it told of them, and of others. */
  #join(numbers: readonly number[], signal: AbortSignal): Promise<Found> {
    return abortable<Found>(signal, (resolve, reject) => {
      const waiter: Waiter = { numbers, left: () => this.#leave(waiter), resolve, reject };
      this.#waiting.add(waiter);
      this.#send();
      return () => waiter.left();
    });
  }

  #leave(waiter: Waiter): void {
    this.#waiting.delete(waiter);
    if (this.#waiting.size === 0) this.#leaving?.abort(nobodyWaits());
  }

  /** Has another request made, if one may be in flight, and none waits to leave. */
  #send(): void {
    if (this.#waiting.size === 0 || this.#leaving !== null) return;
    const room = this.#options.room();
    // What fills a request gains nothing by waiting.
    const most = Math.max(leastRequests, this.#countWaiting() < this.#size ? room * share : room);
    if (this.#inFlight < most) void this.#ask();
  }

  /** Until a request leaves, others may join it. */
  async #ask(): Promise<void> {
    const givenUp = new AbortController();
    this.#leaving = givenUp;
    this.#inFlight++;
    let joined: Joined | null = null;
    const take = (): Joined => (joined ??= this.#take(givenUp));
    const countCalls = (): number => joined?.numbers.length ?? this.#countWaiting();
    const asked: AskedTimes = {
      get calls(): number {
        return countCalls();
      },
      take: () => take().numbers,
    };
    try {
      const told = await this.#options.ask(asked, givenUp.signal);
      this.#learn(take().numbers.length, told);
      for (const { resolve } of take().waiters) resolve(told?.found ?? nothing);
    } catch (error) {
      for (const { reject } of take().waiters) reject(error);
    } finally {
      this.#inFlight--;
      this.#send();
    }
  }

  #countWaiting(): number {
    let count = 0;
    for (const { numbers } of this.#waiting) count += numbers.length;
    return Math.min(count, this.#size);
  }

  /** Takes those who have waited longest, as far as one request can ask for what they want. */
  #take(givenUp: AbortController): Joined {
    this.#leaving = null;
    const waiters: Waiter[] = [];
    let count = 0;
    for (const waiter of this.#waiting) {
      count += waiter.numbers.length;
      if (waiters.length > 0 && count > this.#size) break;
      waiters.push(waiter);
      this.#waiting.delete(waiter);
    }
    let staying = waiters.length;
    for (const waiter of waiters) waiter.left = () => --staying === 0 && givenUp.abort(nobodyWaits());
    this.#send();
    return { waiters, numbers: [...new Set(waiters.flatMap(({ numbers }) => numbers))].slice(0, this.#size) };
  }

  #learn(asked: number, told: TimesTold | null): void {
    if (asked === 0) return;
    if (told === null) {
      this.#size = Math.max(1, Math.floor(Math.min(asked, this.#size) / 2));
      return;
    }
    this.#bytesPerBlock = Math.max(told.bytes / asked, (this.#bytesPerBlock + told.bytes / asked) / 2);
    // Nobody is asked for more at a time because more might be wanted.
    const grown = this.#waiting.size === 0 ? this.#size : 2 * this.#size;
    const fitting = Math.floor(mostBytes / this.#bytesPerBlock);
    this.#size = Math.max(1, Math.min(grown, fitting, told.mostCalls, mostBlocks));
  }
}

function nobodyWaits(): Error {
  return new Error('nobody waits for it any more');
}
