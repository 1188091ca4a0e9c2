import type { Knex } from 'knex';
import type { Database } from '../../src/database/database.js';

/** Returns the instant so many seconds ago (ahead, where there are fewer than none) by the database's clock, in UTC. */
function secondsAgo({ dialect, knex }: Database, seconds: number): Knex.Raw {
  return dialect.name === 'sqlite'
    ? knex.raw("datetime('now', ?)", [`${-seconds} seconds`])
    : knex.raw('NOW() - INTERVAL ? SECOND', [seconds]);
}

/** Moves a task's signs of life into the past; `heartbeat: null` takes its heartbeat away. */
export async function ageTask(
  database: Database,
  id: number,
  seconds: { readonly created: number; readonly heartbeat: number | null },
): Promise<void> {
  const heartbeat = seconds.heartbeat === null ? null : secondsAgo(database, seconds.heartbeat);
  const times = { create_time: secondsAgo(database, seconds.created), last_heartbeat: heartbeat };
  await database.write([database.knex('pipeline_task').where({ id }).update(times)]);
}
