import type { Database } from '../database.js';
import type { NamedSink } from './sink-store.js';

/** A component of a stored pipeline, and where its pipeline stands. */
export interface StoredComponent extends NamedSink {
  readonly pipelineId: number;
  /** The blocks that have been read; null: none. */
  readonly startBlock: number | null;
  readonly blockNumber: number | null;
  /** A task of the pipeline is running. */
  readonly isRunning: boolean;
}

/** Lists the components of pipelines behind the first, by pipeline and in their order; of one where its id is given. */
export async function listBehindSource(database: Database, pipelineId?: number): Promise<readonly StoredComponent[]> {
  const rows = await database.read<ComponentRow[]>((knex) => {
    const running = knex('pipeline_task')
      .select('pipeline_task.id')
      .where({ 'pipeline_task.status': 0, 'pipeline_task.shard': 0 })
      .whereRaw('?? = ??', ['pipeline_task.pipeline_id', 'pipeline_component.pipeline_id'])
      .limit(1);
    const query = knex('pipeline_component')
      .leftJoin('pipeline_checkpoint', 'pipeline_checkpoint.pipeline_id', 'pipeline_component.pipeline_id')
      .select('pipeline_component.pipeline_id', 'name', 'type', 'start_block', 'block_number', running.as('task'))
      .where('position', '>', 0)
      .orderBy(['pipeline_component.pipeline_id', 'position']);
    return pipelineId === undefined ? query : query.where('pipeline_component.pipeline_id', pipelineId);
  });
  return rows.map((row) => ({
    ...{ pipelineId: row.pipeline_id, name: row.name, type: row.type },
    ...{ startBlock: row.start_block, blockNumber: row.block_number, isRunning: row.task !== null },
  }));
}

interface ComponentRow extends NamedSink {
  readonly pipeline_id: number;
  readonly start_block: number | null;
  readonly block_number: number | null;
  readonly task: number | null;
}
