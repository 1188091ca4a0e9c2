import type { Knex } from 'knex';

/** Narrows rows of a pipeline to those that are there: what a shard has read is not, until it has joined the checkpoint. */
export function joinedRows(rows: Knex.QueryBuilder, knex: Knex, pipelineId: number): Knex.QueryBuilder {
  const shards = knex('pipeline_shard').where({ pipeline_id: pipelineId });
  const last = shards.select(knex.raw('COALESCE(MIN(??), ?)', ['after_block', Number.MAX_SAFE_INTEGER]));
  return rows.where('block_number', '<=', last);
}
