import type { Database } from '../../database/database.js';
import { EndpointStore } from '../../database/operations/endpoint-store.js';
import { listLatestTasks, readDatabaseTime } from '../../database/tasks/task-lives.js';
import type { RpcEndpoint } from '../../model/rpc-endpoint.js';
import { readChainsInDoubt } from '../views/chains-in-doubt.js';
import { readListedPipelines } from '../views/listed-pipelines.js';
import type { PipelineFacts } from './pipeline-verdict.js';

/** What pipelines are judged by, read at one moment. */
export interface FleetFacts {
  /** The database's clock. */
  readonly now: string;
  readonly pipelines: readonly PipelineFacts[];
  readonly endpoints: readonly RpcEndpoint[];
  /** By pipeline, asked for where an endpoint gives no answer; else empty. */
  readonly chains: ReadonlyMap<number, number>;
}

/** Rows that are read at most. */
const most = { pipelines: 10_000, endpoints: 5_000 } as const;

/** Reads what is known of all pipelines; tasks that name no heartbeat interval are judged by the default. */
export async function readFleetFacts(database: Database, defaultIntervalSeconds: number): Promise<FleetFacts> {
  const latest = await listLatestTasks(database, { first: most.pipelines }, defaultIntervalSeconds);
  const pipelines = await readListedPipelines(database, defaultIntervalSeconds, latest);
  const { endpoints } = await new EndpointStore(database).list({ limit: most.endpoints });
  return {
    now: await readDatabaseTime(database),
    pipelines: pipelines.slice(0, most.pipelines),
    endpoints,
    chains: await readChainsInDoubt(database, endpoints),
  };
}
