import { createConnection } from 'mysql2/promise';
import type { Connection } from 'mysql2/promise';
import { Migrator } from '../src/database/schema/migrator.js';
import { openDatabase } from '../src/database/open/open-database.js';
import { createDatabase } from '../test/support/databases.js';
import type { DatabaseServer } from '../test/support/database-server.js';
import { mariadb } from '../test/support/mariadb.js';
import { postgres } from '../test/support/postgres.js';

/** A MariaDB of the benchmark's own that forgets nothing in a power cut, and a migrated database on it. */
export interface DurableServer {
  readonly server: DatabaseServer;
  readonly url: string;
  /** A connection that is no part of what is measured. */
  readonly connection: Connection;
}

/** Starts one. */
export async function startDurableServer(): Promise<DurableServer> {
  const durable = ['--innodb-flush-log-at-trx-commit=1', '--loose-innodb-flush-method=O_DIRECT'];
  const options = [...durable, '--innodb-buffer-pool-size=256M', '--max-connections=1000'];
  const server = await mariadb.start(...options);
  const url = await createDatabase(server.url());
  const database = await openDatabase(url);
  await new Migrator(database).up(() => undefined);
  await database.close();
  return { server, url, connection: await connectTo(url) };
}

/** Starts a PostgreSQL of the benchmark's own of which the same is true. */
export function startDurablePostgres(): Promise<DatabaseServer> {
  return postgres.start('-c', 'fsync=on', '-c', 'full_page_writes=on', '-c', 'shared_buffers=256MB');
}

/** Connects to a database; instants are in UTC. */
export async function connectTo(url: string): Promise<Connection> {
  const connection = await createConnection({ uri: url, dateStrings: true, multipleStatements: true });
  connection.on('error', () => undefined);
  await connection.query("SET time_zone = '+00:00'");
  return connection;
}

/** Inserts running tasks whose ids follow on one another; returns the ids. */
export async function insertRunningTasks(
  connection: Connection,
  count: number,
  heartbeatIntervalSeconds: number,
): Promise<number[]> {
  await connection.query(
    `INSERT INTO pipeline_task (pipeline_id, create_time, status, log_path, worker, heartbeat_interval)
     SELECT seq, NOW(), 0, CONCAT('logs/pipeline_', seq, '.log'), 'bench:1', ? FROM seq_1_to_${count}`,
    [heartbeatIntervalSeconds],
  );
  const [rows] = await connection.query('SELECT id FROM pipeline_task WHERE status = 0 ORDER BY id DESC LIMIT ?', [
    count,
  ]);
  return (rows as { id: number }[]).map(({ id }) => id).reverse();
}

/** Inserts tasks of 1,000 pipelines that ended one second after another, long ago. */
export async function insertFinishedTasks(connection: Connection, count: number): Promise<void> {
  await connection.query(
    `INSERT INTO pipeline_task (pipeline_id, create_time, status, log_path, last_heartbeat, worker, heartbeat_interval, end_time, end_reason)
     SELECT 1 + seq % 1000, NOW() - INTERVAL 10000000 - seq SECOND, 1 + seq % 2, CONCAT('logs/pipeline_', seq, '.log'),
       NOW() - INTERVAL 9000000 - seq SECOND, 'bench:1', 5, NOW() - INTERVAL 9000000 - seq SECOND, 'completed' FROM seq_1_to_${count}`,
  );
}

/** Reads a counter of the server. */
export async function readStatus(connection: Connection, name: string): Promise<number> {
  const [rows] = await connection.query('SHOW GLOBAL STATUS LIKE ?', [name]);
  return Number((rows as { Value: string }[])[0]?.Value);
}
