import type { Database } from '../../src/database/database.js';

/** Stores the row of a pipeline, without components. */
export async function insertPipeline(database: Database, id: number): Promise<void> {
  await database.write([database.knex('pipeline').insert({ id, name: `p${id}`, disabled: 0 })]);
}
