import type { Database } from '../../database/database.js';
import { listPipelineChains } from '../../database/pipelines/list-pipeline-chains.js';
import { isMute, type RpcEndpoint } from '../../model/rpc-endpoint.js';

/** Returns the chain ids of all pipelines where some endpoint gives no answer; else none, for nobody needs to tell chains apart. */
export async function readChainsInDoubt(
  database: Database,
  endpoints: readonly RpcEndpoint[],
): Promise<ReadonlyMap<number, number>> {
  return endpoints.some(({ state }) => isMute(state)) ? listPipelineChains(database) : new Map<number, number>();
}
