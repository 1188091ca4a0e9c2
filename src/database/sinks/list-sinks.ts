import type { BlockRange } from '../../model/block.js';
import type { Database } from '../database.js';
import { livingTasks } from '../task-steps/living-tasks.js';
import { readMembers } from './config-member.js';
import type { NamedSink } from './sink-store.js';

/** A component of a stored pipeline, and where its pipeline stands. */
export interface StoredComponent extends NamedSink {
  readonly pipelineId: number;
  /** The checkpoint's version; 0: there never were rows. */
  readonly version: number;
  /** The blocks that have been read; null: none. */
  readonly blocks: BlockRange | null;
  /** Before its first run it is told of nothing that is there. */
  readonly startsNow: boolean;
  /** A task of the pipeline is running, and not silent. */
  readonly isRunning: boolean;
}

/**
 * Lists the components of pipelines behind the first, by pipeline and in their order; of one where its id is given. Tasks that
 * name no heartbeat interval are judged by the default.
 */
export async function listBehindSource(
  database: Database,
  defaultIntervalSeconds: number,
  pipelineId?: number,
): Promise<readonly StoredComponent[]> {
  const rows = await readMembers<ComponentRow>(database, 'start', (knex, start) => {
    const own = knex.raw('??', ['pipeline_component.pipeline_id']);
    const living = livingTasks(database, own, defaultIntervalSeconds).select('living.id').limit(1);
    const query = knex('pipeline_component')
      .leftJoin('pipeline_checkpoint', 'pipeline_checkpoint.pipeline_id', 'pipeline_component.pipeline_id')
      .select('pipeline_component.pipeline_id', 'name', 'type', living.as('task'))
      .select('version', 'start_block', 'block_number', start)
      .where('position', '>', 0)
      .orderBy(['pipeline_component.pipeline_id', 'position']);
    return pipelineId === undefined ? query : query.where('pipeline_component.pipeline_id', pipelineId);
  });
  return rows.map(
    ({ pipeline_id: pipelineId, name, type, member: start, task, version, start_block: from, block_number: to }) => ({
      ...{ pipelineId, name, type, isRunning: task !== null, version: version ?? 0 },
      startsNow: start === 'now',
      blocks: from === null || to === null ? null : { from, to },
    }),
  );
}

interface ComponentRow extends NamedSink {
  readonly pipeline_id: number;
  readonly version: number | null;
  readonly start_block: number | null;
  readonly block_number: number | null;
  readonly task: number | null;
}
