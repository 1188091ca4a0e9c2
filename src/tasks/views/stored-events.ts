import { toChecksumAddress } from '../../chain/abi/checksum.js';
import { findSource } from '../../components/source-of.js';
import type { Database } from '../../database/database.js';
import { PipelineStore } from '../../database/pipelines/pipeline-store.js';
import { originOf, type EventOrigin } from '../../model/event-origin.js';

/** Returns what the texts of a pipeline's events say of where they come from; throws NotFoundError. */
export async function readOrigin(database: Database, pipelineId: number): Promise<EventOrigin> {
  return originOf(pipelineId, findSource(await new PipelineStore(database).get(pipelineId))?.chain);
}

/** Returns a stored log with its contract's address as people write it: EIP-55. */
export function withChecksum<T extends { readonly contractAddress: string }>(log: T): T {
  return { ...log, contractAddress: toChecksumAddress(log.contractAddress) };
}
