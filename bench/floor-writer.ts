import { Worker } from 'node:worker_threads';
import { createConnection } from 'mysql2/promise';
import type { Connection } from 'mysql2/promise';
import pg from 'pg';

/** The values of a row of `event`, in the order of its columns; hashes are hex. */
export type FloorRow = readonly (string | number)[];

/** Takes rows as fast as the database does. */
export interface FloorWriter {
  /** Resolves once there is room for more. */
  insert(rows: readonly FloorRow[]): Promise<void>;
  /** Resolves once all rows are committed. */
  finish(): Promise<void>;
}

/** The columns of `event`. */
const eventColumns =
  'pipeline_id, block_number, log_index, transaction_hash, chain_id, block_hash, block_timestamp, transaction_index, contract_address, event_name, event_signature, args';

/** How many connections to a server insert at a time: two cores gain nothing from more. */
const connections = 2;

/** Opens a writer: SQLite's in a thread of its own, a server's on several connections. */
export async function openFloorWriter(databaseUrl: string): Promise<FloorWriter> {
  const serverLane = databaseUrl.startsWith('postgres') ? postgresLane : mysqlLane;
  const lanes = databaseUrl.startsWith('sqlite:')
    ? [sqliteLane(databaseUrl.slice('sqlite:'.length))]
    : await Promise.all(Array.from({ length: connections }, () => serverLane(databaseUrl)));
  const busy: Promise<void>[] = [];
  let next = 0;
  return {
    async insert(rows) {
      const lane = next++ % lanes.length;
      await busy[lane];
      busy[lane] = (lanes[lane] as Lane)(rows);
    },
    async finish() {
      await Promise.all(busy);
    },
  };
}

type Lane = (rows: readonly FloorRow[]) => Promise<void>;

function sqliteLane(path: string): Lane {
  const program = new URL('floor-sqlite.ts', import.meta.url).href;
  // A thread does not know TypeScript by itself.
  const start = `import { register } from '${import.meta.resolve('tsx/esm/api')}'; register(); await import('${program}');`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(start)}`), {
    workerData: { path, columns: eventColumns },
  });
  return async (rows) => {
    const done = new Promise((resolve) => worker.once('message', resolve));
    worker.postMessage(rows);
    await done;
  };
}

async function mysqlLane(url: string): Promise<Lane> {
  const connection = await createConnection({ uri: url, multipleStatements: true });
  return (rows) => insertInto(connection, rows);
}

async function insertInto(connection: Connection, rows: readonly FloorRow[]): Promise<void> {
  const values = rows.map((row) => `(${row.map(literal).join(',')})`).join(',');
  await connection.query(`START TRANSACTION;INSERT INTO event (${eventColumns}) VALUES ${values};COMMIT`);
}

function literal(value: string | number): string {
  if (typeof value === 'number') return String(value);
  return value.startsWith('0x') ? `x'${value.slice(2)}'` : `'${value}'`;
}

async function postgresLane(url: string): Promise<Lane> {
  const client = new pg.Client(url);
  await client.connect();
  return (rows) =>
    new Promise((resolve, reject) => {
      client.query(new CopyIn(rows, (error) => (error instanceof Error ? reject(error) : resolve())));
    });
}

/** Rows on their way into `event` by COPY, a transaction by itself. */
class CopyIn extends pg.Query {
  readonly #rows: readonly FloorRow[];

  constructor(rows: readonly FloorRow[], done: (error: unknown) => void) {
    super(`COPY event (${eventColumns}) FROM STDIN`, done);
    this.#rows = rows;
  }

  /** Called by the driver once the server waits for rows. */
  handleCopyInResponse(connection: { sendCopyFromChunk(chunk: Buffer): void; endCopyFrom(): void }): void {
    const lines = this.#rows.map((row) => `${row.map(copied).join('\t')}\n`);
    connection.sendCopyFromChunk(Buffer.from(lines.join('')));
    connection.endCopyFrom();
  }
}

/** The values of the floor hold nothing that would end a field early. */
function copied(value: string | number): string {
  return typeof value === 'string' && value.startsWith('0x') ? `\\\\x${value.slice(2)}` : String(value);
}
