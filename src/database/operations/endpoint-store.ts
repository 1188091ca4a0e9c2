import type { Knex } from 'knex';
import type { EndpointState, EndpointStatus, RpcEndpoint } from '../../model/rpc-endpoint.js';
import type { Holder } from '../../model/task.js';
import type { Database } from '../database.js';
import { toInstant, toInstantOrNull } from '../instant.js';

/** Who reports on the endpoints of one chain. */
export interface EndpointSession {
  /** Tells it from all others; at most 32 characters. */
  readonly session: string;
  readonly chainId: number;
  readonly worker: Holder;
}

/** An endpoint, how many seconds ago its last error was, and for how many it tells nothing of its chain; null: never, and not at all. */
export type ReportedEndpoint = EndpointStatus & {
  readonly lastErrorSeconds: number | null;
  readonly muteSeconds?: number | null;
};

export interface EndpointFilter {
  readonly chainId?: number | undefined;
  readonly limit: number;
}

const table = 'rpc_endpoint';

/** For how long after its last report a row is shown and kept, in seconds. */
const keptSeconds = 900;

/** The rows of `rpc_endpoint`. Runs write them aside, so that no report keeps a beat or a commit waiting. */
export class EndpointStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Says how the endpoints of a session are, on the database's clock; returns whether that is written. */
  report(session: EndpointSession, endpoints: readonly ReportedEndpoint[]): Promise<boolean> {
    return this.#database.writeAside((knex) => {
      const rows = endpoints.map((endpoint) => this.#toRow(session, endpoint));
      return knex(table).insert(rows).onConflict(['session', 'name']).merge();
    });
  }

  /** Removes what a session has reported. */
  end({ session }: EndpointSession): Promise<boolean> {
    return this.#database.writeAside((knex) => knex(table).where({ session }).delete());
  }

  /** Removes what sessions have left behind that ended without a word. */
  prune(): Promise<boolean> {
    const { dialect } = this.#database;
    return this.#database.writeAside((knex) =>
      knex(table)
        .whereRaw(dialect.isOlder(knex, 'update_time', keptSeconds))
        .delete(),
    );
  }

  /** Lists at most `limit` endpoints, by chain and name, and counts all that fit. */
  async list({ chainId, limit }: EndpointFilter): Promise<{
    readonly endpoints: readonly RpcEndpoint[];
    readonly total: number;
  }> {
    const { dialect } = this.#database;
    const shown = (knex: Knex): Knex.QueryBuilder => {
      const query = knex(table).where('update_time', '>=', dialect.secondsAgo(knex, keptSeconds));
      return chainId === undefined ? query : query.where({ chain_id: chainId });
    };
    const rows = await this.#database.read<EndpointRow[]>((knex) =>
      shown(knex)
        .select(
          '*',
          knex.raw('? AS age', [dialect.secondsSince(knex, 'update_time')]),
          knex.raw('? AS mute_age', [dialect.secondsSince(knex, 'mute_since')]),
        )
        .orderBy(['chain_id', 'name', 'worker', 'session'])
        .limit(limit),
    );
    if (rows.length < limit) return { endpoints: rows.map(toEndpoint), total: rows.length };
    const counted = await this.#database.read<{ count: number }[]>((knex) => shown(knex).count({ count: '*' }));
    return { endpoints: rows.map(toEndpoint), total: counted[0]?.count ?? rows.length };
  }

  #toRow({ session, chainId, worker }: EndpointSession, endpoint: ReportedEndpoint): object {
    const { knex, dialect } = this.#database;
    const { lastErrorSeconds, muteSeconds = null } = endpoint;
    return {
      ...{ session, name: endpoint.name.slice(0, 255), chain_id: chainId, state: endpoint.state },
      ...{ worker: worker.name, worker_identity: worker.identity },
      update_time: dialect.now(knex),
      ...{ head_ms: endpoint.headMs, logs_ms: endpoint.logsMs, error_rate: endpoint.errorRate },
      in_flight: endpoint.inFlight,
      max_in_flight: endpoint.maxInFlight,
      max_per_second: endpoint.maxPerSecond,
      newest_block: endpoint.newestBlock,
      requests: endpoint.requests,
      failures: endpoint.failures,
      last_error: endpoint.lastError,
      last_error_time: lastErrorSeconds === null ? null : dialect.secondsAgo(knex, lastErrorSeconds),
      mute_since: muteSeconds === null ? null : dialect.secondsAgo(knex, muteSeconds),
    };
  }
}

interface EndpointRow {
  readonly name: string;
  readonly chain_id: number;
  readonly worker: string;
  readonly worker_identity: string | null;
  readonly update_time: string;
  readonly state: string;
  readonly head_ms: number | null;
  readonly logs_ms: number | null;
  readonly error_rate: number;
  readonly in_flight: number;
  readonly max_in_flight: number | null;
  readonly max_per_second: number | null;
  readonly newest_block: number | null;
  readonly requests: number;
  readonly failures: number;
  readonly last_error: string | null;
  readonly last_error_time: string | null;
  readonly mute_since: string | null;
  readonly age: number;
  readonly mute_age: number | null;
}

function toEndpoint(row: EndpointRow): RpcEndpoint {
  return {
    name: row.name,
    chainId: row.chain_id,
    worker: row.worker,
    workerIdentity: row.worker_identity,
    updateTime: toInstant(row.update_time),
    // A database whose clock was set back is asked in the future of its rows.
    ageSeconds: Math.max(0, row.age),
    state: row.state as EndpointState,
    headMs: row.head_ms,
    logsMs: row.logs_ms,
    errorRate: row.error_rate,
    inFlight: row.in_flight,
    maxInFlight: row.max_in_flight,
    maxPerSecond: row.max_per_second,
    newestBlock: row.newest_block,
    requests: row.requests,
    failures: row.failures,
    lastError: row.last_error,
    lastErrorTime: toInstantOrNull(row.last_error_time),
    muteSince: toInstantOrNull(row.mute_since),
    muteSeconds: row.mute_age === null ? null : Math.max(0, row.mute_age),
  };
}
