import type { MysqlAddress } from './mysql-address.js';
import { quietKnex } from '../../driver.js';
import type { Driver, DriverSettings, QueryPlan } from '../../driver.js';
import { rowLock } from '../../schema/migration-lock.js';
import { isReadOnly } from './mysql-connection.js';
import { mysqlDialect } from './mysql-dialect.js';
import { mysqlKnex } from './mysql-knex.js';
import { mysqlSchema } from './mysql-schema.js';
import { MysqlScriptRunner } from './mysql-script-runner.js';
import { Nodes } from '../nodes.js';
import { ServerSockets } from '../server-sockets.js';

/** Opens a database of a MySQL or MariaDB server, or of a cluster of them; connects when first used. */
export function openMysql(addresses: readonly MysqlAddress[], settings: DriverSettings): Driver {
  const { clock, timezone, statementTimeoutMs } = settings;
  const sockets = new ServerSockets();
  const nodes = new Nodes(addresses);
  const { poolSize = 4 } = settings;
  const reads = mysqlKnex(nodes, { log: quietKnex, sockets, timezone, silenceMs: statementTimeoutMs, poolSize });
  const timeoutMs = statementTimeoutMs ?? 60_000;
  const scripts = new MysqlScriptRunner(nodes, { timezone, clock, sockets, timeoutMs });
  return {
    dialect: mysqlDialect,
    reads,
    scripts,
    urgentScripts: new MysqlScriptRunner(nodes, {
      timezone,
      clock,
      sockets,
      timeoutMs: settings.beatTimeoutMs ?? timeoutMs,
    }),
    // No script waits on a connection of the pool.
    runAside: ({ sql, bindings }) => reads.raw(sql, [...bindings]),
    schema: (connection) => mysqlSchema(reads, connection, timezone.value),
    // GET_LOCK holds for one node of a cluster.
    lock: rowLock,
    explain: async ({ sql, bindings }) => {
      const [rows] = (await reads.raw(`EXPLAIN FORMAT=TRADITIONAL ${sql}`, [...bindings])) as [PlanRow[]];
      return readPlan(rows);
    },
    isReadOnly: () => isReadOnly(async (sql) => ((await reads.raw(sql)) as unknown[])[0]),
    look: () => undefined,
    // A server that is frozen does not close its side, and the sockets would keep this process alive.
    close: () => sockets.close(),
  };
}

interface PlanRow {
  readonly key: string | null;
  readonly rows: string | number | null;
}

function readPlan([row]: readonly PlanRow[]): QueryPlan {
  const key = row?.key ?? null;
  const rows = row?.rows ?? null;
  return { index: key === 'PRIMARY' ? null : key, rows: rows === null ? null : Number(rows) };
}
