import knex from 'knex';
import type { Knex } from 'knex';
import dialect from 'knex/lib/dialects/mysql2/index.js';
import { createConnection } from 'mysql2';
import type { Connection } from 'mysql2';
import type { DatabaseTimezone } from '../../database-timezone.js';
import type { Nodes } from '../nodes.js';
import { dropSilent } from '../server-session.js';
import type { ServerSockets } from '../server-sockets.js';
import type { MysqlAddress } from './mysql-address.js';
import { connectionOptions, dropConnection, prepare, streamOf } from './mysql-connection.js';
import { isAway, isNodeAway, isPassedOver } from './mysql-errors.js';

/** What of a Knex client of MySQL is done in another way here. */
interface KnexClient {
  acquireRawConnection(): Promise<Connection>;
  destroyRawConnection(connection: Connection): Promise<void>;
  validateConnection(connection: Connection): boolean;
  _query(connection: Connection, query: unknown): Promise<unknown>;
}

/** How long an orderly end of a connection may take, in milliseconds. */
const goodbyeMs = 1_000;

export interface MysqlKnexOptions {
  readonly log: Knex.Logger;
  readonly sockets: ServerSockets;
  readonly timezone: DatabaseTimezone;
  /** A connection on which nothing has arrived for so long is dropped, in milliseconds; undefined: none. */
  readonly silenceMs: number | undefined;
  readonly poolSize: number;
}

/** Makes Knex's builder and pool, whose connections lead to the node that is in use. */
export function mysqlKnex(nodes: Nodes<MysqlAddress>, options: MysqlKnexOptions): Knex {
  const builder = knex({
    log: options.log,
    client: dialect,
    connection: {},
    acquireConnectionTimeout: 10_000,
    pool: { min: 0, max: options.poolSize },
  });
  const client = builder.client as KnexClient;
  const theirs = { validate: client.validateConnection.bind(client), query: client._query.bind(client) };
  const ours: KnexClient = {
    acquireRawConnection: () =>
      nodes.connect((address) => connectForPool(address, nodes.isCluster, options), isPassedOver),
    destroyRawConnection: (connection) => {
      sayGoodbye(connection);
      return Promise.resolve();
    },
    validateConnection: (connection) => nodes.isInUse(connection) && theirs.validate(connection),
    _query: (connection, query) =>
      theirs.query(connection, query).catch((error: unknown) => {
        if ((nodes.isCluster ? isNodeAway : isAway)(error)) {
          nodes.lost(connection);
          dropConnection(connection);
        }
        throw error;
      }),
  };
  Object.assign(client, ours);
  return builder;
}

async function connectForPool(
  address: MysqlAddress,
  mustWrite: boolean,
  { sockets, timezone, silenceMs }: MysqlKnexOptions,
): Promise<Connection> {
  const connection = createConnection(connectionOptions(address, sockets));
  // Without a listener an error of an idle connection would end the process; Knex lends out none that is closed.
  connection.on('error', () => undefined);
  try {
    const session = connection.promise();
    await session.connect();
    // The driver's own destroy() says goodbye and waits for the other side; a query in the air would never fail.
    dropSilent(streamOf(connection), silenceMs);
    await prepare(async (sql) => (await session.query(sql))[0], { timezone, mustWrite });
    return connection;
  } catch (error) {
    dropConnection(connection);
    throw error;
  }
}

/**
 * Ends a connection without waiting for the server, which may be frozen. Knex would take away the listener without which an
 * error of what is left of it ends the process.
 */
function sayGoodbye(connection: Connection): void {
  streamOf(connection).setTimeout(goodbyeMs, () => dropConnection(connection));
  connection.end(() => undefined);
}
