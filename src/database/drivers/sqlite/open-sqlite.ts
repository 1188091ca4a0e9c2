import { accessSync, constants, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Database as Connection } from 'better-sqlite3';
import { DatabaseUnreachableError } from '../../../runtime/errors.js';
import { refuseDyingAddon } from './dying-addon.js';
import type { SqliteAddress } from './sqlite-address.js';
import { translateError } from '../../database-errors.js';
import { quietKnex } from '../../driver.js';
import type { Driver, DriverSettings, QueryPlan } from '../../driver.js';
import type { ScriptRunner } from '../../script.js';

/** What runs scripts on a SQLite file, also those that must not wait. */
interface SqliteRunner extends ScriptRunner {
  runAside: ScriptRunner['run'];
  /** Left out: scripts never wait. */
  readonly urgent?: ScriptRunner;
}

/** Opens a SQLite file; throws DatabaseUnreachableError where there is none and none is to be made. */
export async function openSqlite({ path: written }: SqliteAddress, settings: DriverSettings): Promise<Driver> {
  const { label, timezone, clock, statementTimeoutMs, create } = settings;
  refuseDyingAddon(label);
  const path = create === 'in-memory' && !existsSync(written) ? ':memory:' : written;
  if (path !== ':memory:' && !existsSync(path)) {
    if (create !== true) {
      throw new DatabaseUnreachableError(`there is no database ${label}`, { hint: 'chainparse migrate makes it' });
    }
    if (statementTimeoutMs !== undefined) await makeFile(path, settings);
  }
  const scripts = await openRunner(path, settings);
  const [
    { default: knex },
    { default: dialect },
    { prepareSqlite },
    { sqliteDialect, learnTimezone },
    { sqliteSchema },
    { sqliteLock },
    { FileWatch },
  ] = await Promise.all([
    import('knex'),
    import('knex/lib/dialects/better-sqlite3/index.js'),
    import('./sqlite-script-runner.js'),
    import('./sqlite-dialect.js'),
    import('./sqlite-schema.js'),
    import('./sqlite-lock.js'),
    import('./file-watch.js'),
  ]);
  const reads = knex({
    log: quietKnex,
    client: dialect,
    connection: { filename: path },
    useNullAsDefault: true,
    pool: {
      min: 0,
      max: 1,
      afterCreate: (connection: Connection, done: (error: unknown, connection: unknown) => void) => {
        try {
          done(null, learnTimezone(prepareSqlite(connection), timezone));
        } catch (error) {
          done(error, connection);
        }
      },
    },
  });
  const watched = statementTimeoutMs === undefined ? null : new FileWatch(path, clock, settings.warn);
  return {
    dialect: sqliteDialect(() => timezone.value),
    reads,
    scripts,
    urgentScripts: scripts.urgent ?? scripts,
    runAside: (statement) => scripts.runAside([statement]),
    schema: (connection) => sqliteSchema(reads, connection, timezone.value),
    lock: sqliteLock,
    explain: async ({ sql, bindings }) => {
      const rows = await reads.raw<PlanRow[]>(`EXPLAIN QUERY PLAN ${sql}`, [...bindings]);
      return readPlan(rows);
    },
    isReadOnly: () => Promise.resolve(path !== ':memory:' && !mayWrite(path)),
    look: () => watched?.look(),
    close: () => watched?.close(),
  };
}

/** Whether this user may write a file, those beside it and their folder: where one of them refuses, SQLite writes nothing. */
function mayWrite(path: string): boolean {
  try {
    for (const needed of [path, `${path}-wal`, `${path}-shm`].filter((file) => existsSync(file))) {
      accessSync(needed, constants.W_OK);
    }
    accessSync(dirname(path), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** What is watched, and written by another process, must be there before. */
async function makeFile(path: string, { label, timezone }: DriverSettings): Promise<void> {
  const [{ default: Sqlite }, { prepareSqlite }, { sqliteDialect }] = await Promise.all([
    import('better-sqlite3'),
    import('./sqlite-script-runner.js'),
    import('./sqlite-dialect.js'),
  ]);
  try {
    prepareSqlite(new Sqlite(path)).close();
  } catch (error) {
    throw translateError(
      sqliteDialect(() => timezone.value),
      label,
      error,
    );
  }
}

async function openRunner(path: string, settings: DriverSettings): Promise<SqliteRunner> {
  const { clock, statementTimeoutMs: timeoutMs, beatTimeoutMs: urgentMs, isLookedAt = false } = settings;
  if (timeoutMs === undefined) {
    const { SqliteScriptRunner } = await import('./sqlite-script-runner.js');
    return new SqliteScriptRunner(path);
  }
  const { SqliteWriterProcess } = await import('./sqlite-writer-process.js');
  const writer = new SqliteWriterProcess(path, { clock, timeoutMs, urgentMs });
  // It starts while Knex is loaded here.
  if (!isLookedAt) writer.warmUp();
  return writer;
}

interface PlanRow {
  readonly detail: string;
}

function readPlan(rows: readonly PlanRow[]): QueryPlan {
  const names = rows.map(({ detail }) => /USING (?:COVERING )?INDEX (\S+)/.exec(detail)?.[1]);
  return { index: names.find((name) => name !== undefined) ?? null, rows: null };
}
