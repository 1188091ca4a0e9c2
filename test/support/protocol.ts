import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { createConnection } from 'mysql2/promise';
import type { ResultSetHeader } from 'mysql2/promise';
import pg from 'pg';
import { literal } from '../../src/database/drivers/postgres/postgres-literals.js';
import { parseValue } from '../../src/database/drivers/postgres/postgres-values.js';
import { projectRoot } from './processes.js';

export type Values = Readonly<Record<string, string | number | null>>;

/** Returns the code block of docs/heartbeat-protocol.md whose fence says so. */
export function protocolBlock(fence: string): string {
  const text = readFileSync(join(projectRoot, 'docs/heartbeat-protocol.md'), 'utf8');
  const block = text.split(`\n\`\`\`${fence}\n`)[1]?.split('\n```')[0];
  if (block === undefined) throw new Error(`the page has no block '${fence}'`);
  return block;
}

interface ProtocolStatement {
  readonly sql: string;
  /** It must match exactly one row. */
  readonly isFence: boolean;
}

function statementsOf(block: string): readonly ProtocolStatement[] {
  return [...block.matchAll(/([^;]+);( -- 1 row)?/g)].map(([, sql, fence]) => ({
    sql: (sql ?? '').trim(),
    isFence: fence !== undefined,
  }));
}

/** Runs a statement; tells the rows that it has found, and how many it matched. */
type Send = (sql: string, values: Values) => Promise<{ readonly rows: unknown[]; readonly matched: number }>;

type Dialect = 'mysql' | 'postgres' | 'sqlite';

/** A program in another language, which knows nothing but the page. */
export class ProtocolClient {
  readonly #dialect: Dialect;
  readonly #send: Send;
  readonly close: () => Promise<void>;

  private constructor(dialect: Dialect, send: Send, close: () => Promise<void>) {
    this.#dialect = dialect;
    this.#send = send;
    this.close = close;
  }

  static async connect(url: string): Promise<ProtocolClient> {
    const dialect = /^(sqlite|postgres|mysql)/.exec(url)?.[1] as Dialect;
    const connect = { sqlite: connectSqlite, mysql: connectMysql, postgres: connectPostgres }[dialect];
    const { send, close } = await connect(url);
    const client = new ProtocolClient(dialect, send, close);
    await client.run('connect');
    return client;
  }

  /**
   * Runs a block as the page says: where a statement does not match the rows that it must, ROLLBACK. Returns null then,
   * else what each SELECT has found.
   */
  async run(block: string, values: Values = {}): Promise<readonly unknown[][] | null> {
    const found: unknown[][] = [];
    let isOpen = false;
    for (const { sql, isFence } of statementsOf(protocolBlock(`sql ${this.#dialect} ${block}`))) {
      const { rows, matched } = await this.#send(sql, only(sql, values));
      if (/^(START|BEGIN)/.test(sql)) isOpen = true;
      if (isFence && matched !== 1) {
        if (isOpen) await this.#send('ROLLBACK', {});
        return null;
      }
      if (/^SELECT/.test(sql)) found.push(rows);
    }
    return found;
  }
}

interface Connection {
  readonly send: Send;
  readonly close: () => Promise<void>;
}

function connectSqlite(url: string): Connection {
  const connection = new Sqlite(url.slice('sqlite:'.length));
  const send: Send = (sql, values) => {
    const statement = connection.prepare(sql);
    const rows = statement.reader ? statement.all(values) : [];
    return Promise.resolve({ rows, matched: statement.reader ? rows.length : statement.run(values).changes });
  };
  return { send, close: () => Promise.resolve(void connection.close()) };
}

async function connectMysql(uri: string): Promise<Connection> {
  const connection = await createConnection({ uri, dateStrings: true, namedPlaceholders: true });
  const send: Send = async (sql, values) => {
    const [answer] = await connection.query(sql, values);
    if (Array.isArray(answer)) return { rows: answer, matched: answer.length };
    return { rows: [], matched: (answer as ResultSetHeader).affectedRows };
  };
  return { send, close: () => connection.end() };
}

async function connectPostgres(connectionString: string): Promise<Connection> {
  const client = new pg.Client({
    connectionString,
    types: { getTypeParser: (type: number) => parseValue(type) },
  });
  client.on('error', () => undefined);
  await client.connect();
  const send: Send = async (sql, values) => {
    // Not the colons of a cast or of a time.
    const text = sql.replace(/(?<!:):([a-z]\w*)/g, (_name, name: string) => literal(values[name] ?? null));
    const { rows, rowCount } = await client.query<Record<string, unknown>>(text);
    return { rows, matched: rowCount ?? 0 };
  };
  return { send, close: () => client.end() };
}

/** SQLite refuses a value that no parameter names. */
function only(sql: string, values: Values): Values {
  return Object.fromEntries(Object.entries(values).filter(([name]) => new RegExp(`:${name}\\b`).test(sql)));
}
