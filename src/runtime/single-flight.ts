import { untilAborted } from './until-aborted.js';

interface Flight<T> {
  readonly result: Promise<T>;
  readonly over: AbortController;
  waiting: number;
}

const left = new Error('nobody waits for it any more');

/** Work that is done once for all who ask for it while it is being done, and given up when none of them waits any more. */
export class SingleFlight<T> {
  readonly #flights = new Map<string, Flight<T>>();

  /** Returns what `work` of this key gives, or throws what it throws; begins it where nobody has. */
  async share(key: string, work: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    const flight = this.#flights.get(key) ?? this.#begin(key, work);
    flight.waiting++;
    try {
      const result = await untilAborted(
        flight.result.then((value) => ({ value })),
        signal,
      );
      if (result !== null) return result.value;
      throw signal.reason;
    } finally {
      flight.waiting--;
      if (flight.waiting === 0) this.#end(key, flight);
    }
  }

  #begin(key: string, work: (signal: AbortSignal) => Promise<T>): Flight<T> {
    const over = new AbortController();
    const flight = { result: work(over.signal), over, waiting: 0 };
    this.#flights.set(key, flight);
    const end = (): void => this.#end(key, flight);
    flight.result.then(end, end);
    return flight;
  }

  #end(key: string, flight: Flight<T>): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
    flight.over.abort(left);
  }
}
