import { compile } from '../database.js';
import type { Database, Query } from '../database.js';
import { withConnection } from '../schema/migration-lock.js';
import { schemaOf } from '../schema/schema-reader.js';
import { TimeoutStore } from './timeout-store.js';
import type { TimeoutRule } from './timeout-store.js';

/** How the database would look for silent tasks. */
export interface CheckPlan {
  /** The index that it would take; null where it would read the table itself. */
  readonly used: string | null;
  /** The rows that the server expects to look at; null where it does not say. */
  readonly rows: number | null;
  /** Indexes on status and last heartbeat, which serve a check however many tasks there are. */
  readonly fitting: readonly string[];
}

/** Asks the database how it would run the list of silent tasks with which a check begins; runs nothing. */
export async function readCheckPlan(database: Database, rule: TimeoutRule): Promise<CheckPlan> {
  const steps: PlanStep[] = [];
  await new TimeoutStore(explaining(database, steps)).listSilent(rule, 0, 200);
  // The last question of the list is the list itself; before it comes one for the shortest timeout.
  const step = steps.at(-1) ?? { index: null, rows: null };
  return { used: step.index, rows: step.rows, fitting: await fittingIndexes(database) };
}

interface PlanStep {
  readonly index: string | null;
  readonly rows: number | null;
}

/** A database that tells how it would run a query, and answers it with no rows. */
function explaining(database: Database, steps: PlanStep[]): Database {
  const read = async <T>(build: (knex: Database['knex']) => Query): Promise<T> => {
    steps.push(await explain(database, build(database.knex)));
    return [] as T;
  };
  const { dialect, knex, label, timezone } = database;
  const refuse = (): Promise<never> => Promise.reject(new Error('a plan writes nothing'));
  return {
    dialect,
    knex,
    label,
    timezone,
    read,
    write: refuse,
    writeUrgently: refuse,
    writeAside: refuse,
    fenced: (query) => database.fenced(query),
    close: () => Promise.resolve(),
  };
}

async function explain(database: Database, query: Query): Promise<PlanStep> {
  const { sql, bindings } = compile(query);
  const isSqlite = database.dialect.name === 'sqlite';
  const answer = await database.read<unknown>((knex) =>
    knex.raw(`${isSqlite ? 'EXPLAIN QUERY PLAN' : 'EXPLAIN FORMAT=TRADITIONAL'} ${sql}`, [...bindings]),
  );
  return isSqlite ? readSqlitePlan(answer as SqliteRow[]) : readMysqlPlan((answer as [MysqlRow[]])[0]);
}

interface SqliteRow {
  readonly detail: string;
}

function readSqlitePlan(rows: readonly SqliteRow[]): PlanStep {
  const names = rows.map(({ detail }) => /USING (?:COVERING )?INDEX (\S+)/.exec(detail)?.[1]);
  return { index: names.find((name) => name !== undefined) ?? null, rows: null };
}

interface MysqlRow {
  readonly key: string | null;
  readonly rows: string | number | null;
}

function readMysqlPlan([row]: readonly MysqlRow[]): PlanStep {
  const key = row?.key ?? null;
  const rows = row?.rows ?? null;
  return { index: key === 'PRIMARY' ? null : key, rows: rows === null ? null : Number(rows) };
}

async function fittingIndexes(database: Database): Promise<readonly string[]> {
  const indexes = await withConnection(database, (connection) =>
    schemaOf(database, connection).indexes('pipeline_task'),
  );
  return [...indexes]
    .filter(([, [first, second]]) => first === 'status' && second === 'last_heartbeat')
    .map(([name]) => name);
}
