import { quietKnex } from '../../driver.js';
import type { Driver, DriverSettings, QueryPlan } from '../../driver.js';
import type { ScriptRunner } from '../../script.js';
import type { PostgresAddress } from './postgres-address.js';
import { isReadOnly } from './postgres-connection.js';
import { postgresDialect } from './postgres-dialect.js';
import { postgresKnex } from './postgres-knex.js';
import { postgresLock } from './postgres-lock.js';
import { postgresSchema } from './postgres-schema.js';
import { PostgresScriptRunner } from './postgres-script-runner.js';
import { rowsOf } from './postgres-values.js';
import { Nodes } from '../nodes.js';
import { ServerSockets } from '../server-sockets.js';

/** Opens a database of a PostgreSQL server, or of a primary and its standbys; connects when first used. */
export function openPostgres(addresses: readonly PostgresAddress[], settings: DriverSettings): Driver {
  const { clock, timezone, statementTimeoutMs, poolSize = 4 } = settings;
  const sockets = new ServerSockets();
  const nodes = new Nodes(addresses);
  const shared = { sockets, timezone, mustWrite: nodes.isCluster };
  const reads = postgresKnex(nodes, { ...shared, log: quietKnex, statementTimeoutMs, poolSize });
  const scriptsWithin = (timeoutMs: number): ScriptRunner =>
    new PostgresScriptRunner(nodes, { ...shared, clock, timeoutMs, statementTimeoutMs: timeoutMs });
  const timeoutMs = statementTimeoutMs ?? 60_000;
  return {
    dialect: postgresDialect,
    reads,
    scripts: scriptsWithin(timeoutMs),
    urgentScripts: scriptsWithin(settings.beatTimeoutMs ?? timeoutMs),
    // No script waits on a connection of the pool.
    runAside: ({ sql, bindings }) => reads.raw(sql, [...bindings]),
    schema: (connection) => postgresSchema(reads, connection, timezone.value),
    lock: postgresLock,
    explain: async ({ sql, bindings }) => readPlan(await reads.raw(`EXPLAIN (FORMAT JSON) ${sql}`, [...bindings])),
    isReadOnly: () => isReadOnly(async (sql) => rowsOf(await reads.raw(sql))),
    look: () => undefined,
    // A server that is frozen does not close its side, and the sockets would keep this process alive.
    close: () => sockets.close(),
  };
}

interface PlanNode {
  readonly 'Index Name'?: string;
  readonly 'Plan Rows'?: number;
  readonly Plans?: readonly PlanNode[];
}

/** Reads how a query would be run out of the answer to EXPLAIN in JSON. */
function readPlan(answer: unknown): QueryPlan {
  const [row] = rowsOf(answer) as readonly { readonly 'QUERY PLAN': string }[];
  const [{ Plan: plan }] = JSON.parse(row?.['QUERY PLAN'] ?? '[{"Plan":{}}]') as [{ readonly Plan: PlanNode }];
  const nodes = [...walk(plan)];
  const index = nodes.find((node) => node['Index Name'] !== undefined)?.['Index Name'] ?? null;
  return { index: index?.endsWith('_pkey') === true ? null : index, rows: nodes.at(-1)?.['Plan Rows'] ?? null };
}

function* walk(node: PlanNode): Generator<PlanNode> {
  yield node;
  for (const part of node.Plans ?? []) yield* walk(part);
}
