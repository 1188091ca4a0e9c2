import { existsSync } from 'node:fs';
import type { Knex } from 'knex';
import { systemClock } from '../runtime/clock.js';
import type { Clock } from '../runtime/clock.js';
import { DatabaseUnreachableError } from '../runtime/errors.js';
import { maskUrl } from '../runtime/secrets.js';
import type { Database } from './database.js';
import { DatabaseTimezone } from './database-timezone.js';
import { parseDatabaseUrl } from './database-url.js';
import type { PostgresAddress } from './drivers/postgres/postgres-address.js';
import type { MysqlAddress, SqliteAddress } from './database-url.js';
import { KnexDatabase } from './knex-database.js';
import type { ScriptRunner } from './script.js';

export interface OpenOptions {
  /** The offset in which the database must hold its instants, e.g. `+00:00`; left out: whichever it has stored. */
  readonly timezone?: string | undefined;
  readonly clock?: Clock;
  /** Make the SQLite file where there is none. */
  readonly create?: boolean;
  /**
   * For what lives for long: writes happen where a freeze of this process can't hold a lock (SQLite: in a process of their
   * own), a SQLite file is watched, and a server that does not answer for so long counts as away. Milliseconds.
   */
  readonly statementTimeoutMs?: number;
  /** The same for beats, which must be heard soon after an outage; `statementTimeoutMs` where left out. */
  readonly beatTimeoutMs?: number;
  /** Connections for reads at most. */
  readonly poolSize?: number;
}

/**
 * Opens a database by its URL; connects when first used. Throws UsageError where the URL is none. Errors of use are
 * DatabaseUnreachableError and NotMigratedError.
 */
export async function openDatabase(url: string, options: OpenOptions = {}): Promise<Database> {
  const timezone = new DatabaseTimezone(options.timezone);
  const address = parseDatabaseUrl(url);
  const label = address.kind === 'sqlite' ? `sqlite:${address.path}` : maskUrl(url);
  const settings = { ...options, timezone, label, clock: options.clock ?? systemClock };
  if (address.kind === 'sqlite') return openSqliteDatabase(address, settings);
  return address.kind === 'mysql' ? openMysqlDatabase(address, settings) : openPostgresDatabase(address, settings);
}

/** Knex prints some failures to stdout, which belongs to results; they are thrown all the same. */
const silent: Knex.Logger = {
  warn: () => undefined,
  error: () => undefined,
  debug: () => undefined,
  deprecate: () => undefined,
};

interface Settings extends Omit<OpenOptions, 'timezone'> {
  readonly timezone: DatabaseTimezone;
  readonly label: string;
  readonly clock: Clock;
}

async function openSqliteDatabase(address: SqliteAddress, settings: Settings): Promise<Database> {
  if (settings.create !== true && !existsSync(address.path)) {
    throw new DatabaseUnreachableError(`there is no database ${settings.label}`, {
      hint: 'chainparse migrate makes it',
    });
  }
  const { clock, label, timezone } = settings;
  const runner = await openSqliteRunner(address, settings);
  const [{ default: knex }, { prepareSqlite }, { sqliteDialect, learnTimezone }, { FileWatch }] = await Promise.all([
    import('knex'),
    import('./drivers/sqlite/sqlite-script-runner.js'),
    import('./drivers/sqlite/sqlite-dialect.js'),
    import('./drivers/sqlite/file-watch.js'),
  ]);
  const builder = knex({
    log: silent,
    client: 'better-sqlite3',
    connection: { filename: address.path },
    useNullAsDefault: true,
    pool: {
      min: 0,
      max: 1,
      afterCreate: (
        connection: Parameters<typeof prepareSqlite>[0],
        done: (error: unknown, connection: unknown) => void,
      ) => {
        try {
          done(null, learnTimezone(prepareSqlite(connection), timezone));
        } catch (error) {
          done(error, connection);
        }
      },
    },
  });
  const dialect = sqliteDialect(() => timezone.value);
  const watch = settings.statementTimeoutMs === undefined ? undefined : new FileWatch(address.path, clock);
  return new KnexDatabase({ knex: builder, dialect, runner, label, clock, timezone, watch });
}

async function openSqliteRunner({ path }: SqliteAddress, settings: Settings): Promise<ScriptRunner> {
  const { clock, statementTimeoutMs: timeoutMs } = settings;
  if (timeoutMs === undefined) {
    const { SqliteScriptRunner } = await import('./drivers/sqlite/sqlite-script-runner.js');
    return new SqliteScriptRunner(path);
  }
  const { SqliteWriterProcess } = await import('./drivers/sqlite/sqlite-writer-process.js');
  const writer = new SqliteWriterProcess(path, { clock, timeoutMs });
  // It starts while Knex is loaded here.
  writer.warmUp();
  return writer;
}

async function openMysqlDatabase(address: MysqlAddress, settings: Settings): Promise<Database> {
  const [
    { default: knex },
    { connectionOptions, prepareSession },
    { MysqlScriptRunner },
    { mysqlDialect },
    { ServerSockets },
  ] = await Promise.all([
    import('knex'),
    import('./drivers/mysql/mysql-connection.js'),
    import('./drivers/mysql/mysql-script-runner.js'),
    import('./drivers/mysql/mysql-dialect.js'),
    import('./drivers/mysql/server-sockets.js'),
  ]);
  const { clock, label, timezone, statementTimeoutMs } = settings;
  const sockets = new ServerSockets();
  const builder = knex({
    log: silent,
    client: 'mysql2',
    connection: connectionOptions(address, sockets) as object,
    acquireConnectionTimeout: 10_000,
    pool: { min: 0, max: settings.poolSize ?? 4, afterCreate: prepareSession(timezone, statementTimeoutMs) },
  });
  const timeoutMs = statementTimeoutMs ?? 60_000;
  const runner = new MysqlScriptRunner(address, { timezone, clock, sockets, timeoutMs });
  const urgentRunner = new MysqlScriptRunner(address, {
    timezone,
    clock,
    sockets,
    timeoutMs: settings.beatTimeoutMs ?? timeoutMs,
  });
  return new KnexDatabase({
    knex: builder,
    dialect: mysqlDialect,
    runner,
    urgentRunner,
    label,
    clock,
    timezone,
    sockets,
  });
}

async function openPostgresDatabase(address: PostgresAddress, settings: Settings): Promise<Database> {
  const [{ postgresKnex }, { PostgresScriptRunner }, { postgresDialect }, { PostgresSockets }] = await Promise.all([
    import('./drivers/postgres/postgres-knex.js'),
    import('./drivers/postgres/postgres-script-runner.js'),
    import('./drivers/postgres/postgres-dialect.js'),
    import('./drivers/postgres/postgres-sockets.js'),
  ]);
  const { clock, label, timezone, statementTimeoutMs, poolSize = 4 } = settings;
  const sockets = new PostgresSockets();
  const builder = postgresKnex(address, { log: silent, sockets, timezone, statementTimeoutMs, poolSize });
  const runnerWithin = (timeoutMs: number): ScriptRunner =>
    new PostgresScriptRunner(address, { timezone, clock, sockets, timeoutMs, statementTimeoutMs: timeoutMs });
  const timeoutMs = statementTimeoutMs ?? 60_000;
  return new KnexDatabase({
    knex: builder,
    dialect: postgresDialect,
    runner: runnerWithin(timeoutMs),
    urgentRunner: runnerWithin(settings.beatTimeoutMs ?? timeoutMs),
    label,
    clock,
    timezone,
    sockets,
  });
}
