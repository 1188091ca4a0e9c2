import pg from 'pg';
import type { Client, QueryResult } from 'pg';
import { sessionSetup } from '../../../src/database/drivers/postgres/postgres-connection.js';
import { postgresDialect } from '../../../src/database/drivers/postgres/postgres-dialect.js';
import { literal, writeSql } from '../../../src/database/drivers/postgres/postgres-literals.js';
import { collect } from '../../../src/database/drivers/postgres/postgres-script-runner.js';
import { fenceErrorCode, writeScript } from '../../../src/database/drivers/postgres/postgres-script.js';
import type { SqlPart } from '../../../src/database/drivers/sql-bytes.js';
import { parseValue } from '../../../src/database/drivers/postgres/postgres-values.js';
import { FenceError } from '../../../src/database/script.js';
import type { ScriptStep, SqlValue, StepResult } from '../../../src/database/script.js';
import type { DatabaseServer } from '../../support/database-server.js';
import { createDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';
import { postgres } from '../../support/postgres.js';
import type { Circumstances, Engine, Request, Row } from './engine.js';
import { ledgerStatements, postgresWords, tables } from './ledger.js';
import type { LedgerRow } from './ledger.js';

/** A clock of the simulation's, which is found before the server's own; and a word of the others that it asks in. */
const virtualClock = `CREATE SCHEMA sim;
  CREATE FUNCTION sim.hex(bytea) RETURNS text LANGUAGE sql AS $$ SELECT encode($1, 'hex') $$;
  CREATE FUNCTION sim.clock_timestamp() RETURNS timestamptz VOLATILE LANGUAGE sql
    AS $$ SELECT to_timestamp(current_setting('sim.clock')::double precision / 1000) $$`;

/** A real PostgreSQL, whose clock is set in front of every script. */
export class PostgresEngine implements Engine {
  readonly client = 'pg';
  readonly dialect = postgresDialect;
  readonly #server: DatabaseServer;
  readonly #connection: Client;

  private constructor(server: DatabaseServer, connection: Client) {
    this.#server = server;
    this.#connection = connection;
  }

  /** Starts a private server with a database of the newest schema. */
  static async start(): Promise<PostgresEngine> {
    const server = await postgres.start('-c', 'synchronous_commit=off');
    const url = await createDatabase(server.url());
    await (await openMigrated(url)).close();
    const types = { getTypeParser: (type: number) => parseValue(type) };
    const connection = new pg.Client({ connectionString: url, types });
    connection.on('error', () => undefined);
    await connection.connect();
    for (const statement of [virtualClock, ...ledgerStatements(postgresWords)]) await connection.query(statement);
    return new PostgresEngine(server, connection);
  }

  async begin(timezone: string): Promise<void> {
    const path = 'SET search_path = sim, public, pg_catalog';
    const statements = [path, ...sessionSetup(timezone), ...tables.map((table) => `DELETE FROM ${table}`)];
    await this.#connection.query([setClock({ at: 0, sender: '', clockMs: 0, liveMs: 0 }), ...statements].join(';'));
  }

  async execute(request: Exclude<Request, { kind: 'hello' }>, circumstances: Circumstances): Promise<unknown> {
    const clock = setClock(circumstances);
    if (request.kind === 'script') return this.#run(clock, request.steps);
    const [, answer] = await this.#send(clock, [writeSql(request.sql, request.bindings as readonly SqlValue[])]);
    return answer?.rows;
  }

  async ledger(): Promise<readonly LedgerRow[]> {
    return (await this.ask('SELECT * FROM sim_ledger ORDER BY seq')) as unknown as readonly LedgerRow[];
  }

  async ask(sql: string): Promise<readonly Row[]> {
    return (await this.#connection.query<Row>(sql)).rows;
  }

  async close(): Promise<void> {
    await this.#connection.end();
    await this.#server.stop();
  }

  /** As PostgresScriptRunner does it. */
  async #run(clock: string, steps: readonly ScriptStep[]): Promise<readonly StepResult[]> {
    const script = writeScript(steps);
    try {
      const [, ...answers] = await this.#send(clock, script.statements);
      return collect(steps.length, script, answers);
    } catch (error) {
      if ((error as { code?: unknown }).code === fenceErrorCode) throw new FenceError();
      throw error;
    }
  }

  async #send(clock: string, statements: readonly SqlPart[]): Promise<readonly QueryResult[]> {
    return (await this.#connection.query([clock, ...statements].join(';'))) as unknown as readonly QueryResult[];
  }
}

/** The text that sets the server's clock and says who sends, for one transaction. */
function setClock({ at, sender, clockMs }: Circumstances): string {
  const settings = { 'sim.clock': clockMs, 'sim.at': at, 'sim.sender': sender };
  const calls = Object.entries(settings).map(
    ([name, value]) => `set_config('${name}', ${literal(String(value))}, true)`,
  );
  return `SELECT ${calls.join(', ')}`;
}
