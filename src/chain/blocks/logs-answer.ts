import type { BlockHeader } from '../../model/block.js';
import type { RawLog } from '../../model/event.js';

/** The logs of a range, and the header of its last block as the same node gave it in the same breath. */
export interface LogsAnswer {
  readonly logs: readonly RawLog[];
  readonly last: BlockHeader;
  /** The hash of the block before its first one, where it was asked for, and told in the same breath. */
  readonly parentHash?: string | undefined;
  /** The name of the endpoint that answered. */
  readonly endpoint: string;
  /** How long the answer was. */
  readonly bytes: number;
  /** How long it took, in milliseconds; waits before the request left are not in it. */
  readonly ms: number;
}
