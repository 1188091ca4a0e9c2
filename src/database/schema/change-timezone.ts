import type { Knex } from 'knex';
import { isMonitorAlive, silentAfterSeconds } from '../../model/monitor.js';
import { taskStatus } from '../../model/task.js';
import { ConflictError } from '../../runtime/errors.js';
import { toleratedAheadSeconds } from '../../runtime/silence.js';
import type { Database } from '../database.js';
import { installationTable } from '../database-timezone.js';
import { isSilentSql, silence } from '../task-steps/silence.js';
import type { MigrationWork } from './migration-work.js';
import type { Schema } from '../../../migrations/schema.js';

/** Stores another time zone, unless what runs would be misjudged by it; returns which it was. */
export async function changeTimezone(
  database: Database,
  work: MigrationWork,
  to: string,
  defaultIntervalSeconds: number,
): Promise<string> {
  const before = (await work.readTimezone()) ?? to;
  if (before !== to) await refuseWhileRunning(database, work, defaultIntervalSeconds);
  await work.schema.setTimezone(to);
  await work.schema.ask(upsert(work.schema, to));
  database.timezone.change(to);
  return before;
}

function upsert({ knex, newId }: Schema, to: string): Knex.QueryBuilder {
  const row = { id: 1, installation_id: knex.raw(newId), time_zone: to };
  return knex(installationTable).insert(row).onConflict('id').merge({ time_zone: to });
}

/** A task or a monitor lives that has just given a sign of life by the database's time zone as it is. */
async function refuseWhileRunning(
  database: Database,
  work: MigrationWork,
  defaultIntervalSeconds: number,
): Promise<void> {
  const { dialect, knex } = database;
  const task = await findLivingTask(database, work, defaultIntervalSeconds);
  if (task !== null) throw inUse(`task ${task} runs`);
  const monitors = await work.schema.ask<{ name: string; seconds: number; age: number }>(
    knex('monitor')
      .select(
        'name',
        { seconds: 'check_interval' },
        knex.raw('? AS age', [dialect.secondsSince(knex, 'last_heartbeat')]),
      )
      .whereNull('end_time'),
  );
  const alive = monitors.find(({ seconds, age: heartbeatAgeSeconds }) =>
    isMonitorAlive({ endTime: null, checkIntervalSeconds: seconds, heartbeatAgeSeconds }),
  );
  if (alive === undefined) return;
  const { name, seconds, age } = alive;
  const left = Math.ceil(silentAfterSeconds(seconds) - age);
  throw inUse(
    `the monitor ${name} is alive`,
    `; one that has looked with --once counts for two check intervals, this one for ${left} s more`,
  );
}

/** Returns the id of a task that has just given a sign of life by the database's time zone as it is, null where none has. */
export async function findLivingTask(
  database: Database,
  { schema }: MigrationWork,
  defaultIntervalSeconds: number,
): Promise<number | null> {
  const tasks = await schema.ask<{ id: number }>(
    database
      .knex('pipeline_task')
      .select('id')
      .where({ status: taskStatus.running })
      .whereRaw('? >= ?', [silence(database), -toleratedAheadSeconds])
      .whereRaw('NOT (?)', [isSilentSql(database, defaultIntervalSeconds)])
      .limit(1),
  );
  return tasks[0]?.id ?? null;
}

function inUse(why: string, more = ''): ConflictError {
  return new ConflictError(`the time zone can't be changed while the database is in use: ${why}`, {
    hint: `stop runs, workers, monitors and chainparse serve first${more}`,
  });
}
