import type { Migration, Schema, SchemaChange } from './schema.js';
import { addColumns } from './table-changes.js';

/**
 * Of a task that ended as `needs_rewind`: the newest block whose rows a rewind may keep, NULL where it may keep none.
 * Earlier versions wrote it into the text of the error alone, with the command.
 */
export const parked: Migration = {
  name: '0013-parked',
  async changes(schema) {
    return [
      ...(await addColumns(schema, 'pipeline_task', [{ name: 'keeps_block', type: 'bigint' }])),
      ...(await fillParked(schema)),
    ];
  },
};

/** Only tasks that park their pipeline still are of interest: few. */
async function fillParked(schema: Schema): Promise<readonly SchemaChange[]> {
  if (!(await schema.hasTable('pipeline_checkpoint'))) return [];
  const known = await schema.columns('pipeline_task');
  if (!known.has('end_reason') || !known.has('error')) return [];
  const parking = schema
    .knex('pipeline_checkpoint')
    .join('pipeline_task', 'pipeline_task.id', 'pipeline_checkpoint.task_id')
    .where('pipeline_task.end_reason', 'needs_rewind')
    .select('pipeline_task.id', 'pipeline_task.error');
  if (known.has('keeps_block')) void parking.whereNull('pipeline_task.keeps_block');
  const rows = await schema.ask<{ id: number | string; error: string | null }>(parking);
  return rows.flatMap(({ id, error }) => {
    const block = /; to go on: chainparse pipeline rewind \d+ --to-block (\d{1,15})$/.exec(error ?? '')?.[1];
    if (block === undefined) return [];
    const [table, column, key] = ['pipeline_task', 'keeps_block', 'id'].map((name) => schema.quote(name));
    const sql = `UPDATE ${table ?? ''} SET ${column ?? ''} = ${block} WHERE ${key ?? ''} = ${Number(id)}`;
    return [{ text: `task ${Number(id)} keeps block ${block}`, sql }];
  });
}
