import type { BlockRange } from '../../model/block.js';
import { RpcError } from '../transport/errors/rpc-error.js';
import { hostOf } from './range-size.js';
import type { RangeSize } from './range-size.js';

/** Blocks that are asked for: of some endpoints perhaps only the first of them. */
export interface AskedRange extends BlockRange {
  /** Returns what an endpoint is to be asked for, which is the next to be asked; all where there is no such function. */
  readonly at?: (endpoint: string) => BlockRange;
  /** Returns what was asked of the endpoint that an error is of. */
  readonly of?: (error: unknown) => BlockRange;
  /** Returns how many blocks an endpoint would give; 0: it is only to be asked where no other is there. */
  readonly worth?: (endpoint: string) => number;
  /** True where it was asked for before, and failed. */
  readonly isAgain?: boolean;
  /** True where the hash of the block before it is wanted, too. */
  readonly isLinked?: boolean;
  /** True where whoever asks can do without: it is tried once. */
  readonly isOptional?: boolean;
}

interface RangeHeadOptions {
  readonly size: RangeSize;
  /** The most blocks that an endpoint is asked for; undefined: as many as it gives. */
  readonly most: (endpoint: string) => number | undefined;
  /** The hosts that have just failed at the range. */
  readonly avoided: ReadonlySet<string>;
  /** Called once, with what is asked for first, and of whom. */
  readonly begun?: ((range: BlockRange, endpoint: string) => void) | undefined;
  /** Whether it was asked for before, and failed. */
  readonly isAgain: boolean;
  /** Whether the hash of the block before it is wanted, too. */
  readonly isLinked: boolean;
}

/** The head of a range that is asked for: as much as the endpoint gives at once that comes to be asked. */
export class RangeHead implements AskedRange {
  readonly #options: RangeHeadOptions;
  readonly #asked = new Map<string, BlockRange>();
  #range: BlockRange;

  /** The range may change until something is asked for. */
  constructor(range: BlockRange, options: RangeHeadOptions) {
    this.#range = range;
    this.#options = options;
  }

  get from(): number {
    return this.#range.from;
  }

  get to(): number {
    return this.#range.to;
  }

  get isAgain(): boolean {
    return this.#options.isAgain;
  }

  get isLinked(): boolean {
    return this.#options.isLinked && this.from > 0;
  }

  /** True once something is asked for. */
  get isBegun(): boolean {
    return this.#asked.size > 0;
  }

  /** Returns what an endpoint is to be asked for: never more than what was asked for first, and always the same. */
  readonly at = (endpoint: string): BlockRange => {
    const host = hostOf(endpoint);
    const known = this.#asked.get(host);
    if (known !== undefined) return known;
    const { size, most, begun } = this.#options;
    const range = size.headOf(this.#range, endpoint, most(endpoint));
    if (!this.isBegun) {
      this.#range = range;
      begun?.(range, endpoint);
    }
    this.#asked.set(host, range);
    return range;
  };

  /** It was answered up to a block: what lies behind that is others', however often it is asked for again. */
  endsWith(to: number): void {
    this.#range = { from: this.#range.from, to };
  }

  readonly of = (error: unknown): BlockRange =>
    (error instanceof RpcError ? this.#asked.get(error.host) : undefined) ?? this.#range;

  /** Once something is asked for, endpoints that give less would only have the rest of it thrown away. */
  readonly worth = (endpoint: string): number => {
    if (this.#options.avoided.has(hostOf(endpoint))) return 0;
    const blocks = this.#options.size.worthOf(endpoint, this.#range);
    return this.isBegun && blocks < this.#range.to - this.#range.from + 1 ? 0 : blocks;
  };
}
