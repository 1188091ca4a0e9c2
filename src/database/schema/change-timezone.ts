import { isMonitorAlive } from '../../model/monitor.js';
import { taskStatus } from '../../model/task.js';
import { ConflictError, UsageError } from '../../runtime/errors.js';
import type { Database } from '../database.js';
import { installationTable } from '../database-timezone.js';
import { isSilent, silence } from '../tasks/silence.js';
import type { MigrationWork } from './migration-work.js';

/** How far ahead of the database's clock a heartbeat may lie that is meant in its time zone, in seconds. */
const toleratedAheadSeconds = 5;

/** Stores another time zone, unless what runs would be misjudged by it; returns which it was. */
export async function changeTimezone(
  database: Database,
  work: MigrationWork,
  to: string,
  defaultIntervalSeconds: number,
): Promise<string> {
  const before = (await work.readTimezone()) ?? to;
  if (before !== to) await refuseWhileRunning(database, work, defaultIntervalSeconds);
  await tryTimezone(work, to);
  await work.run(upsert(work, to));
  database.timezone.change(to);
  return before;
}

function upsert({ schema }: MigrationWork, to: string): string {
  const id = schema.isMysql ? "REPLACE(UUID(), '-', '')" : 'lower(hex(randomblob(16)))';
  const insert = `INSERT INTO ${installationTable} (id, installation_id, time_zone) VALUES (1, ${id}, '${to}')`;
  const update = schema.isMysql ? 'ON DUPLICATE KEY UPDATE' : 'ON CONFLICT (id) DO UPDATE SET';
  return `${insert} ${update} time_zone = '${to}'`;
}

/** Servers take fewer offsets than there are. */
async function tryTimezone(work: MigrationWork, to: string): Promise<void> {
  if (!work.schema.isMysql) return;
  try {
    await work.run(`SET SESSION time_zone = '${to}'`);
  } catch (cause) {
    throw new UsageError(`the database's server takes no time zone ${to}`, { cause });
  }
}

/** A task or a monitor lives that has just given a sign of life by the database's time zone as it is. */
async function refuseWhileRunning(
  database: Database,
  work: MigrationWork,
  defaultIntervalSeconds: number,
): Promise<void> {
  const { dialect, knex } = database;
  const tasks = await work.ask<{ id: number }>(
    knex('pipeline_task')
      .select('id')
      .where({ status: taskStatus.running })
      .whereRaw('? >= ?', [silence(database), -toleratedAheadSeconds])
      .whereRaw('NOT (?)', [isSilent(database, defaultIntervalSeconds)])
      .limit(1),
  );
  if (tasks[0] !== undefined) throw inUse(`task ${tasks[0].id} runs`);
  const monitors = await work.ask<{ name: string; seconds: number; age: number }>(
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
  if (alive !== undefined) throw inUse(`the monitor ${alive.name} is alive`);
}

function inUse(why: string): ConflictError {
  return new ConflictError(`the time zone can't be changed while the database is in use: ${why}`, {
    hint: 'stop runs, workers, monitors and chainparse serve first',
  });
}
