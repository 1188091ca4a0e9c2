import { toChecksumAddress } from '../chain/checksum.js';
import type { Database } from '../database/database.js';
import type { EventFilter } from '../database/event-store.js';
import { PipelineStore } from '../database/pipeline-store.js';
import { originOf, type EventOrigin } from '../model/event-origin.js';
import { UsageError } from '../runtime/errors.js';

/** The options by which commands choose events. */
export interface EventOptions {
  readonly pipeline: number;
  readonly fromBlock?: number;
  readonly toBlock?: number;
  readonly event?: string;
}

/** Returns the filter that options stand for; throws UsageError where no block can fit. */
export function toEventFilter({ pipeline, fromBlock, toBlock, event }: EventOptions): EventFilter {
  if (fromBlock !== undefined && toBlock !== undefined && fromBlock > toBlock) {
    throw new UsageError(`--from-block ${fromBlock} lies behind --to-block ${toBlock}`);
  }
  // Signatures are stored without blanks, and people write one behind a comma.
  return { pipelineId: pipeline, fromBlock, toBlock, event: event?.replace(/\s+/g, '') };
}

/** Returns what the texts of a pipeline's events say of where they come from; throws NotFoundError. */
export async function readOrigin(database: Database, pipelineId: number): Promise<EventOrigin> {
  return originOf(await new PipelineStore(database).get(pipelineId));
}

/** Returns a stored log with its contract's address as people write it: EIP-55. */
export function withChecksum<T extends { readonly contractAddress: string }>(log: T): T {
  return { ...log, contractAddress: toChecksumAddress(log.contractAddress) };
}
