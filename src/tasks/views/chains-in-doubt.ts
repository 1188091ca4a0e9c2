import type { Database } from '../../database/database.js';
import { PipelineStore } from '../../database/pipelines/pipeline-store.js';
import { isMute, type RpcEndpoint } from '../../model/rpc-endpoint.js';

/** Returns the chain ids of all pipelines where some endpoint gives no answer; else none, for nobody needs to tell chains apart. */
export async function readChainsInDoubt(
  database: Database,
  endpoints: readonly RpcEndpoint[],
): Promise<ReadonlyMap<number, number>> {
  const isInDoubt = endpoints.some(({ state }) => isMute(state));
  return isInDoubt ? new PipelineStore(database).chainIds() : new Map<number, number>();
}
