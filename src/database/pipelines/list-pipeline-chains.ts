import type { Database } from '../database.js';

/** Returns the chain ids of the sources of all pipelines, by pipeline; of a source that names none nothing. */
export async function listPipelineChains(database: Database): Promise<ReadonlyMap<number, number>> {
  const { dialect } = database;
  const rows = await database.read<{ pipeline_id: number; chain: string | number | null }[]>((knex) =>
    knex('pipeline_component')
      .where('position', 0)
      .select('pipeline_id', knex.raw('? AS chain', [dialect.jsonText(knex, 'config', 'chainId')])),
  );
  return new Map(rows.flatMap(({ pipeline_id: id, chain }) => (chain === null ? [] : [[id, Number(chain)] as const])));
}
