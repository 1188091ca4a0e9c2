import { createHash } from 'node:crypto';
import type { Database } from '../../src/database/database.js';
import { wordsOf } from '../support/table-words.js';

/** What an older program's tables may differ in. */
export interface OlderTables {
  readonly heartbeat?: string | undefined;
  /** Statements that the older program's set-up runs after the tables are there. */
  readonly also?: readonly string[];
  readonly charset?: string;
  /** The type of `disabled`. */
  readonly flag?: string;
  /** The type of a further column, `touched`. */
  readonly updateTime?: string | undefined;
  /** The older program may leave `create_time` out, and has done so in one running task and in one that failed. */
  readonly lacksCreateTimes?: boolean;
  /** A multiple of 500. */
  readonly rows: number;
}

/** Makes the tables of an older program, with rows: tasks of three pipelines, one a minute, every tenth running. */
export async function makeOlderTables(database: Database, tables: OlderTables): Promise<void> {
  const kind = database.dialect.name;
  const isMysql = kind === 'mysql';
  const run = async (sql: string): Promise<void> => {
    await database.knex.raw(sql);
  };
  const { id, instant } = wordsOf(database);
  const engine = isMysql ? `ENGINE=InnoDB DEFAULT CHARSET=${tables.charset ?? 'utf8mb4'}` : '';
  await run(`CREATE TABLE pipeline (id ${id}, classification_id INT, name VARCHAR(255) NOT NULL, description TEXT,
    create_time ${instant}, update_time ${instant}, disabled ${tables.flag ?? 'SMALLINT NOT NULL DEFAULT 0'}) ${engine}`);
  const columns = [
    `id ${id}`,
    'pipeline_id INT NOT NULL',
    `create_time ${instant} ${tables.lacksCreateTimes === true ? 'NULL' : 'NOT NULL'}`,
    'status INT NOT NULL DEFAULT 3',
    'log_path VARCHAR(255)',
    ...(tables.heartbeat === undefined
      ? []
      : [`last_heartbeat ${kind === 'postgres' ? onPostgres(tables.heartbeat) : tables.heartbeat}`]),
    ...(tables.updateTime === undefined ? [] : [`touched ${tables.updateTime}`]),
    'CONSTRAINT fk_task_pipeline FOREIGN KEY (pipeline_id) REFERENCES pipeline (id)',
  ];
  await run(`CREATE TABLE pipeline_task (${columns.join(', ')}) ${engine}`);
  const comment = / COMMENT ('.*')/.exec(tables.heartbeat ?? '')?.[1];
  if (kind === 'postgres' && comment !== undefined) {
    await run(`COMMENT ON COLUMN pipeline_task.last_heartbeat IS ${comment}`);
  }
  for (const statement of tables.also ?? []) await run(statement);
  await run("INSERT INTO pipeline (id, name, description) VALUES (1, 'one', 'é'), (2, 'two', NULL), (3, 'three', '')");
  if (kind === 'postgres') await run("SELECT setval('pipeline_id_seq', 3)");
  await run({ mysql: mysqlRows, sqlite: sqliteRows, postgres: postgresRows }[kind](tables));
  if (tables.lacksCreateTimes === true) await run('UPDATE pipeline_task SET create_time = NULL WHERE id IN (10, 11)');
}

/** Numbers from 1, a multiple of 500 of them: servers end a longer recursion. */
const numbers = (rows: number): string =>
  `WITH RECURSIVE d AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM d WHERE i < 500),
    n AS (SELECT (a.i - 1) * 500 + b.i AS i FROM d AS a JOIN d AS b ON a.i <= ${rows / 500})`;

function mysqlRows({ rows }: OlderTables): string {
  return `INSERT INTO pipeline_task (pipeline_id, create_time, status, log_path) ${numbers(rows)}
    SELECT 1 + i % 3, TIMESTAMP('2020-01-01') + INTERVAL i MINUTE, IF(i % 10 = 0, 0, 1 + i % 3), CONCAT('logs/', i, '.log')
    FROM n ORDER BY i`;
}

function sqliteRows({ rows }: OlderTables): string {
  return `INSERT INTO pipeline_task (pipeline_id, create_time, status, log_path) ${numbers(rows)}
    SELECT 1 + i % 3, datetime('2020-01-01', i || ' minutes'), iif(i % 10 = 0, 0, 1 + i % 3), 'logs/' || i || '.log'
    FROM n ORDER BY i`;
}

function onPostgres(heartbeat: string): string {
  return heartbeat
    .replace(/^DATETIME(\(6\))?/, (_type, digits?: string) => `TIMESTAMP${digits ?? '(0)'}`)
    .replace(/ COMMENT .*/, '');
}

function postgresRows({ rows }: OlderTables): string {
  return `INSERT INTO pipeline_task (pipeline_id, create_time, status, log_path)
    SELECT 1 + i % 3, timestamp '2020-01-01' + i * interval '1 minute', CASE WHEN i % 10 = 0 THEN 0 ELSE 1 + i % 3 END, 'logs/' || i || '.log'
    FROM generate_series(1, ${rows}) AS i`;
}

/** Returns a hash over every row of an older program's columns. */
export async function hashOlderRows(database: Database, tables: OlderTables): Promise<string> {
  const columns = ['id', 'pipeline_id', 'create_time', 'status', 'log_path'];
  if (tables.updateTime !== undefined) columns.push('touched');
  const tasks = await database.knex('pipeline_task').select(columns).orderBy('id');
  const older = ['id', 'classification_id', 'name', 'description', 'create_time', 'update_time', 'disabled'];
  const pipelines = await database.knex('pipeline').select(older).orderBy('id');
  return createHash('sha256')
    .update(JSON.stringify([tasks, pipelines]))
    .digest('hex');
}

/** Returns the whole schema as the database itself writes it, sorted. */
export async function readSchema(database: Database): Promise<string> {
  const { knex, dialect } = database;
  if (dialect.name === 'sqlite') {
    const made = knex('sqlite_master').whereNot('name', 'like', 'sqlite_%').orderBy('name');
    const statements: unknown[] = await made.pluck('sql');
    return statements.join('\n');
  }
  if (dialect.name === 'postgres') return readPostgresSchema(database);
  const [tables] = (await knex.raw('SHOW TABLES')) as [Record<string, string>[]];
  const texts = tables.map(async (row) => {
    const [created] = (await knex.raw('SHOW CREATE TABLE ??', [Object.values(row)[0]!])) as [Record<string, string>[]];
    return (created[0]?.['Create Table'] ?? '').replace(/ AUTO_INCREMENT=\d+/, '');
  });
  return (await Promise.all(texts)).sort().join('\n');
}

async function readPostgresSchema({ knex }: Database): Promise<string> {
  const columns = `SELECT format('CREATE TABLE "%s" (%s)', c.relname, string_agg(
      format('"%s" %s', a.attname, format_type(a.atttypid, a.atttypmod)) || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
        || COALESCE(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '') || COALESCE(' COMMENT ' || quote_literal(col_description(c.oid, a.attnum)), ''),
      ', ' ORDER BY a.attname)) AS made
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace GROUP BY c.relname`;
  const indexes = 'SELECT indexdef AS made FROM pg_indexes WHERE schemaname = current_schema()';
  const { rows } = await knex.raw<{ rows: { made: string }[] }>(`${columns} UNION ALL ${indexes}`);
  return rows
    .map(({ made }) => made)
    .sort((a, b) => Number(a > b) * 2 - 1)
    .join('\n');
}
