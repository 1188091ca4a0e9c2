import type { Knex } from 'knex';
import { ChainparseError } from '../../runtime/errors.js';
import type { Database, Query } from '../database.js';

/**
 * Reads rows with a member of the config of each component, as a text. A database that is asked for it gives no row at all where one
 * config is damaged: then the configs themselves are read, and a damaged one has no member.
 */
export async function readMembers<T extends object>(
  database: Database,
  key: string,
  build: (knex: Knex, member: Knex.Raw) => Query,
): Promise<readonly (T & { readonly member: string | null })[]> {
  const read = (member: (knex: Knex) => Knex.Raw): Promise<(T & { readonly member: string | null })[]> =>
    database.read((knex) => build(knex, knex.raw('? AS ??', [member(knex), 'member'])));
  try {
    return await read((knex) => database.dialect.jsonText(knex, 'config', key));
  } catch (error) {
    if (error instanceof ChainparseError) throw error;
    const rows = await read((knex) => knex.raw('??', ['config']));
    return rows.map((row) => ({ ...row, member: memberOf(row.member ?? '', key) }));
  }
}

function memberOf(config: string, key: string): string | null {
  try {
    const value = (JSON.parse(config) as Readonly<Record<string, unknown>>)[key];
    return typeof value === 'string' || typeof value === 'number' ? String(value) : null;
  } catch {
    return null;
  }
}
