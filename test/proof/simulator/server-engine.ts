import { createConnection } from 'mysql2/promise';
import type { Connection, ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import { format } from 'mysql2';
import { mysqlDialect } from '../../../src/database/drivers/mysql/mysql-dialect.js';
import { sessionSetup } from '../../../src/database/drivers/mysql/mysql-connection.js';
import { fenceErrorNumber, writePackets } from '../../../src/database/drivers/mysql/mysql-script.js';
import { FenceError } from '../../../src/database/script.js';
import type { ScriptStep, SqlValue, StepResult } from '../../../src/database/script.js';
import { createDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';
import type { DatabaseServer } from '../../support/database-server.js';
import type { ServerKind } from '../../support/server-kind.js';
import type { Circumstances, Engine, Request, Row } from './engine.js';
import { ledgerStatements, serverWords, tables } from './ledger.js';
import type { LedgerRow } from './ledger.js';

const maxPacketBytes = 1 << 24;

/** A real MariaDB or MySQL, whose clock is set in front of every packet. */
export class ServerEngine implements Engine {
  readonly client = 'mysql2';
  readonly dialect = mysqlDialect;
  readonly #server: DatabaseServer;
  readonly #connection: Connection;

  private constructor(server: DatabaseServer, connection: Connection) {
    this.#server = server;
    this.#connection = connection;
  }

  /** Starts a private server, on which SYSDATE() can be set as NOW() can, with a database of the newest schema. */
  static async start(kind: ServerKind): Promise<ServerEngine> {
    const server = await kind.start('--sysdate-is-now', '--innodb-flush-log-at-trx-commit=0');
    const uri = await createDatabase(server.url());
    await (await openMigrated(uri)).close();
    const connection = await createConnection({ uri, multipleStatements: true, dateStrings: true, charset: 'utf8mb4' });
    for (const statement of ledgerStatements(serverWords)) await connection.query(statement);
    return new ServerEngine(server, connection);
  }

  async begin(timezone: string): Promise<void> {
    const statements = [...sessionSetup(timezone), ...tables.map((table) => `DELETE FROM ${table}`)];
    await this.#connection.query(statements.join(';'));
  }

  async execute(request: Exclude<Request, { kind: 'hello' }>, circumstances: Circumstances): Promise<unknown> {
    const clock = setClock(circumstances);
    if (request.kind === 'script') return this.#run(clock, request.steps);
    const [[, rows]] = await this.#connection.query<RowDataPacket[][]>(
      `${clock};${format(request.sql, [...request.bindings] as SqlValue[])}`,
    );
    return rows;
  }

  async ledger(): Promise<readonly LedgerRow[]> {
    return (await this.ask('SELECT * FROM sim_ledger ORDER BY seq')) as unknown as readonly LedgerRow[];
  }

  async ask(sql: string): Promise<readonly Row[]> {
    const [rows] = await this.#connection.query(sql);
    return rows as unknown as readonly Row[];
  }

  async close(): Promise<void> {
    await this.#connection.end();
    await this.#server.stop();
  }

  /** As MysqlScriptRunner does it. */
  async #run(clock: string, steps: readonly ScriptStep[]): Promise<readonly StepResult[]> {
    const results = steps.map(() => ({ matched: 0, insertId: 0 }));
    try {
      for (const { statements, answers } of writePackets(steps, maxPacketBytes)) {
        const [[, ...headers]] = await this.#connection.query<ResultSetHeader[]>([clock, ...statements].join(';'));
        answers.forEach((step, i) => {
          const result = step === null ? undefined : results[step];
          if (result === undefined) return;
          result.matched += headers[i]?.affectedRows ?? 0;
          result.insertId = headers[i]?.insertId ?? 0;
        });
      }
      return results;
    } catch (error) {
      await this.#connection.query('ROLLBACK');
      if ((error as { errno?: unknown }).errno === fenceErrorNumber) throw new FenceError();
      throw error;
    }
  }
}

/** The text that sets the server's clock and says who sends. */
function setClock({ at, sender, clockMs }: Circumstances): string {
  return format('SET timestamp = ?, @sim_at = ?, @sim_sender = ?', [clockMs / 1_000, at, sender]);
}
