import type { Reorg } from '../../model/reorg.js';
import type { Database } from '../database.js';
import { toInstant } from '../instant.js';

/** Lists the reorganisations of the last `seconds`, the latest first; whoever takes rows back notes them (`BatchStore`). */
export async function listReorgsOfLate(
  database: Database,
  { seconds, limit }: { readonly seconds: number; readonly limit: number },
): Promise<readonly Reorg[]> {
  const { dialect } = database;
  const rows = await database.read<ReorgRow[]>((knex) =>
    knex('reorg')
      .select('*')
      .where('create_time', '>=', dialect.secondsAgo(knex, seconds))
      .orderBy('create_time', 'desc')
      .limit(limit),
  );
  return rows.map((row) => ({
    pipelineId: row.pipeline_id,
    taskId: row.task_id,
    createTime: toInstant(row.create_time),
    ancestorBlock: row.ancestor_block,
    blocks: row.blocks,
  }));
}

interface ReorgRow {
  readonly pipeline_id: number;
  readonly task_id: number;
  readonly create_time: string;
  readonly ancestor_block: number;
  readonly blocks: number;
}
