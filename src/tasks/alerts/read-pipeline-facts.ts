import type { Database } from '../../database/database.js';
import { EndpointStore } from '../../database/operations/endpoint-store.js';
import { PipelineStore } from '../../database/pipelines/pipeline-store.js';
import { WantedStore } from '../../database/pipelines/wanted-store.js';
import { listLatestTasks, readDatabaseTime } from '../../database/tasks/task-lives.js';
import type { RpcEndpoint } from '../../model/rpc-endpoint.js';
import { readChainsInDoubt } from '../views/chains-in-doubt.js';
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
  const pipelines = await new PipelineStore(database).list();
  const latest = await listLatestTasks(database, { first: most.pipelines }, defaultIntervalSeconds);
  const tasks = new Map(latest.map((task) => [task.pipelineId, task]));
  const wanted = await new WantedStore(database, defaultIntervalSeconds).list();
  const byPipeline = new Map(wanted.map((row) => [row.pipelineId, row]));
  const { endpoints } = await new EndpointStore(database).list({ limit: most.endpoints });
  return {
    now: await readDatabaseTime(database),
    pipelines: pipelines.slice(0, most.pipelines).map(({ id, name, disabled }) => ({
      ...{ id, name, disabled },
      task: tasks.get(id) ?? null,
      wanted: byPipeline.get(id) ?? null,
    })),
    endpoints,
    chains: await readChainsInDoubt(database, endpoints),
  };
}
