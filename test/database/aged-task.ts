import type { Database } from '../../src/database/database.js';

/** Moves a task's signs of life into the past; `heartbeat: null` takes its heartbeat away. */
export async function ageTask(
  database: Database,
  id: number,
  seconds: { readonly created: number; readonly heartbeat: number | null },
): Promise<void> {
  const { dialect, knex } = database;
  const ago = (past: number): unknown => dialect.secondsAgo(knex, past);
  const heartbeat = seconds.heartbeat === null ? null : ago(seconds.heartbeat);
  const times = { create_time: ago(seconds.created), last_heartbeat: heartbeat };
  await database.write([database.knex('pipeline_task').where({ id }).update(times)]);
}
