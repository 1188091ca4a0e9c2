import knex from 'knex';
import type { Knex } from 'knex';
import { KnexDatabase } from '../../../src/database/open/knex-database.js';
import { systemClock } from '../../../src/runtime/clock.js';
import type { ScriptRunner } from '../../../src/database/script.js';
import { bareDriver } from '../../support/bare-driver.js';
import type { Engine } from './engine.js';

/** Runs one query of Knex's; answers what an engine answers to a read. */
type Read = (sql: string, bindings: readonly unknown[]) => Promise<unknown>;

/** The inside of a Knex client, as far as a query passes through it. */
interface Client {
  runner: (builder: Built) => { readonly run: () => Promise<unknown> };
  positionBindings: (sql: string) => string;
  acquireConnection: () => Promise<unknown>;
  releaseConnection: () => Promise<void>;
  _query: (connection: unknown, query: Query) => Promise<Query>;
}

/** What Knex has built and is asked to run. */
interface Built {
  toSQL(): { readonly method: string; readonly sql: string; readonly bindings: readonly unknown[] };
}

interface Query {
  readonly sql: string;
  readonly bindings?: readonly unknown[];
  response?: unknown;
  context?: unknown;
}

/** Returns a Knex that builds for an engine's client, and whose queries run through `read` instead of a pool. */
function knexOver(client: Engine['client'], read: Read): Knex {
  const builder = knex({ client, version: '14', connection: { filename: 'simulated' }, useNullAsDefault: true });
  const inside = builder.client as Client;
  // As postgresKnex has it: values travel as literals.
  if (client === 'pg') inside.positionBindings = (sql) => sql;
  inside.acquireConnection = () => Promise.resolve({ __knexUid: 'simulated' });
  inside.releaseConnection = () => Promise.resolve();
  inside._query = async (_connection, query) => {
    const rows = await read(query.sql, query.bindings ?? []);
    query.response = client === 'pg' ? { rows, command: 'SELECT' } : client === 'mysql2' ? [rows, []] : rows;
    // Where SQLite's client looks for what a write did.
    query.context = { lastID: 0, changes: 0 };
    return query;
  };
  return builder;
}

/** The same for reads alone, past Knex's own runner: what it does for pools and streams costs more than the rest. */
export function readingKnexOver(client: Engine['client'], read: Read): Knex {
  const builder = knexOver(client, read);
  (builder.client as Client).runner = (built): { readonly run: () => Promise<unknown> } => ({
    run: async () => {
      const { method, sql, bindings } = built.toSQL();
      const rows = await read(sql, bindings);
      if (method !== 'raw') return rows;
      return client === 'pg' ? { rows } : client === 'mysql2' ? [rows, []] : rows;
    },
  });
  return builder;
}

/** A database straight on an engine, without faults: to prepare it with. */
export function directDatabase(engine: Engine): KnexDatabase {
  const circumstances = { at: 0, sender: 'direct', clockMs: 0, liveMs: 0 };
  const builder = knexOver(engine.client, async (sql, bindings) => {
    return await engine.execute({ kind: 'read', sql, bindings }, circumstances);
  });
  const runner: ScriptRunner = {
    run: async (steps) => (await engine.execute({ kind: 'script', steps }, circumstances)) as never,
    prepare: (insert) => insert,
    close: () => Promise.resolve(),
  };
  const driver = bareDriver({ knex: builder, dialect: engine.dialect, runner });
  return new KnexDatabase({ driver, label: 'simulated', clock: systemClock });
}
