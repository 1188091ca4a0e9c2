import type { BlockRange, BlockTime } from '../../model/block.js';
import { quietCall } from '../../runtime/call.js';
import { Scope } from '../../runtime/scope.js';
import type { ChainClient } from '../blocks/chain-client.js';

/** So many of a range's blocks must be wanted, by the latest ranges: the others would be asked for in vain. */
const shareNeeded = 0.9;
/** The share that a new range has in what is expected of the next one. */
const newsShare = 0.25;

/** Times that are asked for beside the logs of a range. */
export interface TimesAhead {
  /** It is known which blocks are asked for. */
  begin(range: BlockRange): void;
  /** Returns those that have come, once all have that were asked for, or it failed; none where none were. */
  found(): Promise<readonly BlockTime[]>;
  /** They are not wanted any more. */
  end(): void;
}

/**
 * Asks for the times of blocks beside their logs where nearly each block has to be asked for: one answer after the other would take
 * twice as long, and what waits for them would lie in memory.
 */
export class EarlyTimes {
  readonly #chain: ChainClient;
  #share: number | null = null;

  constructor(chain: ChainClient) {
    this.#chain = chain;
  }

  /** Learns that so many blocks of a range had to be asked for their times. */
  learn({ from, to }: BlockRange, asked: number): void {
    // Of the last block the time is known anyway.
    if (from === to) return;
    const share = asked / (to - from);
    this.#share = this.#share === null ? share : this.#share + (share - this.#share) * newsShare;
  }

  /** Returns the times of a range that is to be asked for; of its last block it has the header anyway. */
  ahead(signal: AbortSignal): TimesAhead {
    let scope: Scope | null = null;
    let times: Promise<readonly (BlockTime | null)[]> = Promise.resolve([]);
    return {
      begin: ({ from, to }) => {
        if (this.#share === null || this.#share < shareNeeded || this.#chain.isNew(to)) return;
        const numbers = Array.from({ length: to - from }, (_item, at) => from + at);
        // It is known while an endpoint is chosen: whoever asked at once would come between.
        const asking = new Scope(signal);
        scope = asking;
        times = Promise.resolve().then(() => this.#chain.times(numbers, quietCall(asking.signal)));
        times.catch(() => undefined);
      },
      // Whoever asks for them again is told what is wrong.
      found: async () => {
        const found: readonly (BlockTime | null)[] = await times.catch(() => []);
        return found.filter((time) => time !== null);
      },
      end: () => scope?.end(),
    };
  }
}
