import type { Database } from '../../src/database/database.js';
import { ageTask } from './aged-task.js';

/** What a row says beyond a running task of pipeline 45. */
export interface SilentTaskRow {
  readonly pipeline_id?: number;
  readonly shard?: number;
  readonly status?: number;
  readonly end_reason?: string;
  readonly worker?: string;
  readonly timeout_minutes?: number;
  readonly heartbeat_interval?: number;
  readonly progress?: string;
}

/** Inserts a task whose last beat (its creation, where it has never beaten) was so many seconds ago; returns its id. */
export async function insertSilentTask(
  database: Database,
  silentSeconds: number,
  row: SilentTaskRow = {},
  hasBeaten = true,
): Promise<number> {
  const now = database.dialect.now(database.knex);
  const task = { pipeline_id: 45, create_time: now, status: 0, log_path: '', ...row };
  const [result] = await database.write([database.knex('pipeline_task').insert(task)]);
  const id = result?.insertId ?? 0;
  const created = hasBeaten ? silentSeconds + 1_000 : silentSeconds;
  await ageTask(database, id, { created, heartbeat: hasBeaten ? silentSeconds : null });
  return id;
}
