import type { Knex } from 'knex';
import { UsageError } from '../../runtime/errors.js';
import type { Database } from '../database.js';
import type { TargetPlace, TargetQuestion } from '../target-dialect.js';
import { sinkTableName } from './sink-table.js';

/** Whose table it is. */
export interface TargetOwner {
  readonly installation: string;
  /** Null: of a pipeline that is not stored yet, so that no table can be its own. */
  readonly pipelineId: number | null;
  readonly sink: string;
}

/** A table by the name that a person gave it. */
export interface NamedTable {
  readonly schema: string | null;
  readonly name: string;
}

interface OwnerRow {
  readonly installation: string;
  readonly pipeline_id: number;
  readonly sink: string;
}

/** Asks a database something of its tables. */
export async function askTarget<T>(database: Database, question: (knex: Knex) => TargetQuestion<T>): Promise<T> {
  const { query, read } = question(database.knex);
  return read(await database.read(() => query));
}

/** Builds a query of the table that names the sinks of a schema's tables. */
export function sinksIn({ knex }: Database, { schema }: TargetPlace): Knex.QueryBuilder {
  const query = knex(sinkTableName);
  return schema === null ? query : query.withSchema(schema);
}

/** Writes the statement that frees a table of its sink. */
function releaseSql(database: Database, place: TargetPlace): string {
  return sinksIn(database, place).where({ table_name: place.folded }).delete().toQuery();
}

/** Says what claiming a table would be refused for, where it is another sink's or can't be; null: nothing. Changes nothing. */
export async function refusalOf(
  database: Database,
  owner: TargetOwner,
  { schema, name }: NamedTable,
): Promise<UsageError | null> {
  const { targets } = database.dialect;
  try {
    const place = await askTarget(database, (knex) => targets.place(knex, schema, name));
    const sinks = { ...place, name: sinkTableName, folded: sinkTableName };
    const isThere = (await askTarget(database, (knex) => targets.relation(knex, sinks))) !== null;
    return isThere ? await otherOwner(database, owner, { place, name }) : null;
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
}

/** Returns what is to be said of a table that is another sink's; null: it is this one's, or nobody's. */
export async function otherOwner(
  database: Database,
  owner: TargetOwner,
  { place, name }: { readonly place: TargetPlace; readonly name: string },
): Promise<UsageError | null> {
  const rows = await database.read<OwnerRow[]>(() => sinksIn(database, place).where({ table_name: place.folded }));
  const other = rows.find((row) => !isOwn(row, owner));
  if (other === undefined) return null;
  const which = other.installation === owner.installation ? '' : ` of another installation (${other.installation})`;
  return new UsageError(
    `the table ${name} in ${database.label} is filled by the sink '${other.sink}' of pipeline ${other.pipeline_id}${which}: a table has one sink`,
    { hint: `write another table, or, where that sink is gone for good, run: ${releaseSql(database, place)}` },
  );
}

function isOwn(row: OwnerRow, { installation, pipelineId, sink }: TargetOwner): boolean {
  return row.installation.trim() === installation && row.pipeline_id === pipelineId && row.sink === sink;
}
