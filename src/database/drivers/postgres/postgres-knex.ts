import knex from 'knex';
import type { Knex } from 'knex';
import dialect from 'knex/lib/dialects/postgres/index.js';
import type { Client, QueryResult } from 'pg';
import { OneAtATime } from '../../../runtime/one-at-a-time.js';
import type { SqlValue } from '../../script.js';
import type { PostgresAddress } from './postgres-address.js';
import { connect, streamOf } from './postgres-connection.js';
import type { ConnectOptions } from './postgres-connection.js';
import { isAway } from './postgres-errors.js';
import type { Nodes } from '../nodes.js';
import { dropSilent } from '../server-session.js';
import { writeSql } from './postgres-literals.js';

/** What of a Knex client of PostgreSQL is done in another way here. */
interface KnexClient {
  positionBindings(sql: string): string;
  acquireRawConnection(): Promise<PooledClient>;
  validateConnection(connection: PooledClient): boolean;
  _query(connection: Client, query: KnexQuery): Promise<KnexQuery>;
}

interface KnexQuery {
  readonly sql: string;
  readonly bindings?: readonly SqlValue[];
  response?: QueryResult;
}

/** Knex lends out no connection that is marked so. */
type PooledClient = Client & { __knex__disposed?: unknown };

export interface PostgresKnexOptions extends ConnectOptions {
  readonly log: Knex.Logger;
  readonly poolSize: number;
}

/**
 * Makes Knex's builder and pool, whose connections lead to the node that is in use. Values travel as literals, in reads as in scripts: a placeholder that is compared with a sum
 * would get the sum's type, and `4.5` were no integer.
 */
export function postgresKnex(nodes: Nodes<PostgresAddress>, options: PostgresKnexOptions): Knex {
  const builder = knex({
    log: options.log,
    client: dialect,
    // Knex would ask each new connection for it.
    version: '14',
    connection: {},
    acquireConnectionTimeout: 10_000,
    pool: { min: 0, max: options.poolSize },
  });
  const ours: KnexClient = {
    positionBindings: (sql) => sql,
    acquireRawConnection: () => connectForPool(nodes, options),
    validateConnection: (connection) => nodes.isInUse(connection),
    _query: async (connection, query) => {
      try {
        query.response = await queryInTurn(connection, writeSql(query.sql, query.bindings ?? []));
        return query;
      } catch (error) {
        if (isAway(error)) nodes.lost(connection);
        throw error;
      }
    },
  };
  Object.assign(builder.client as object, ours);
  return builder;
}

const turns = new WeakMap<Client, OneAtATime>();

/** Who has a connection to himself may ask several things at once; the driver wants one after the other. */
function queryInTurn(client: Client, text: string): Promise<QueryResult> {
  const turn = turns.get(client) ?? new OneAtATime();
  turns.set(client, turn);
  return turn.run(() => client.query(text));
}

async function connectForPool(nodes: Nodes<PostgresAddress>, options: PostgresKnexOptions): Promise<PooledClient> {
  const client: PooledClient = await nodes.connect((address) => connect(address, options), isAway);
  const dispose = (error?: unknown): void => void (client.__knex__disposed ??= error ?? 'the connection has ended');
  client.on('error', dispose);
  client.on('end', () => dispose());
  dropSilent(streamOf(client), options.statementTimeoutMs);
  return client;
}
