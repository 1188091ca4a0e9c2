import type { BlockRef } from '../../model/block.js';
import { isLowHead } from '../../model/low-head.js';
import type { Clock } from '../../runtime/clock.js';
import type { Logger } from '../../runtime/logger.js';

/** After so long a lower head is no node among several that is some blocks behind, in milliseconds. */
const longestLagMs = 60_000;

/**
 * Tells the log once, as a warning, when the chain's head stays below what has been read for longer than a lag explains, or is well
 * below it where a run ends.
 */
export class LowHead {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #teller: 'node' | 'portal';
  /** Since when it has been below, by the monotonic clock; null where it is not. */
  #since: number | null = null;
  #isTold = false;

  /** `teller`: who tells the head; a portal's is its newest final block. */
  constructor({ clock, logger }: { readonly clock: Clock; readonly logger: Logger }, teller: 'node' | 'portal') {
    this.#clock = clock;
    this.#logger = logger;
    this.#teller = teller;
  }

  /** Looks at a head; `last` is the last block that has been read, null where there is none. */
  look(head: number, last: BlockRef | null): void {
    if (last === null || head >= last.number) {
      this.#since = null;
      this.#isTold = false;
      return;
    }
    const now = this.#clock.monotonic();
    this.#since ??= now;
    if (this.#isTold || now - this.#since < longestLagMs) return;
    this.#isTold = true;
    const seconds = Math.round((now - this.#since) / 1_000);
    this.#tell(`has been below block ${last.number}, which is read, for ${seconds} s`, head, last);
  }

  /** A run ends at a head: nobody waits to see whether that comes up. */
  end(head: number, last: BlockRef | null): void {
    if (last === null || this.#isTold || !isLowHead(head, last.number)) return;
    this.#tell(`is below block ${last.number}, which was read before`, head, last);
  }

  #tell(what: string, head: number, { number: block }: BlockRef): void {
    const message =
      this.#teller === 'node'
        ? `the chain's head, block ${head}, ${what}: the node is syncing, or its chain was begun anew; which of them shows once there are blocks to compare`
        : `the portal's newest final block, ${head}, ${what}: a run without an RPC URL goes on once newer ones are final there`;
    this.#logger.log('warn', message, { event: 'source.head_below', head, block });
  }
}
