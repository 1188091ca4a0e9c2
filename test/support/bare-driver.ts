import type { Knex } from 'knex';
import type { Dialect } from '../../src/database/dialect.js';
import type { Driver } from '../../src/database/driver.js';
import { mysqlSchema } from '../../src/database/drivers/mysql/mysql-schema.js';
import { postgresSchema } from '../../src/database/drivers/postgres/postgres-schema.js';
import { sqliteLock } from '../../src/database/drivers/sqlite/sqlite-lock.js';
import { sqliteSchema } from '../../src/database/drivers/sqlite/sqlite-schema.js';
import type { ScriptRunner } from '../../src/database/script.js';

const schemas = { sqlite: sqliteSchema, mysql: mysqlSchema, postgres: postgresSchema };

/** What a driver is made of in a test that has no database to connect to. */
export interface BareParts {
  readonly knex: Knex;
  readonly dialect: Dialect;
  readonly runner: ScriptRunner;
  /** `runner` where left out. */
  readonly urgentRunner?: ScriptRunner;
}

/** A driver whose scripts go where the test says. */
export function bareDriver({ knex, dialect, runner, urgentRunner = runner }: BareParts): Driver {
  return {
    dialect,
    reads: knex,
    scripts: runner,
    urgentScripts: urgentRunner,
    // As on a server: past the scripts.
    runAside: ({ sql, bindings }) => knex.raw(sql, [...bindings]),
    schema: (connection) => schemas[dialect.name](knex, connection, '+00:00'),
    lock: sqliteLock,
    explain: () => Promise.resolve({ index: null, rows: null }),
    isReadOnly: () => Promise.resolve(false),
    look: () => undefined,
    close: () => undefined,
  };
}
