import { openDatabase } from '../../database/open/open-database.js';
import type { Database } from '../../database/database.js';
import { refusalOf } from '../../database/targets/target-owner.js';
import type { NamedTable } from '../../database/targets/target-owner.js';
import type { Remark, TargetOpening } from '../seam/component.js';
import type { TableSinkConfig } from './schema.js';

/** Reads a table's name as a person writes it: alone, or behind its schema. */
export function namedTable(table: string): NamedTable {
  const [schema, name] = table.includes('.') ? (table.split('.') as [string, string]) : [null, table];
  return { schema, name };
}

/** Says what a sink's table would be refused to it for, before it is claimed; null: nothing. Changes nothing. */
export async function tableRefusal(config: TableSinkConfig, opening: TargetOpening): Promise<Remark | null> {
  const { installation, pipelineId, name: sink, asksElsewhere } = opening;
  if (config.database !== undefined && !asksElsewhere) return null;
  const owner = { installation, pipelineId, sink };
  const refusal = await withTarget(config, opening, (database) => refusalOf(database, owner, namedTable(config.table)));
  return refusal === null ? null : { at: ['table'], message: refusal.message, hint: refusal.hint };
}

async function withTarget<T>(
  { database: url }: TableSinkConfig,
  { database: own, clock }: TargetOpening,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  if (url === undefined) return work(own);
  // Of a file that is not there no table is anybody's.
  const database = await openDatabase(url, { clock, create: 'in-memory', poolSize: 1 });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}
