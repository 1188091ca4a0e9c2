// The thread that inserts the floor's rows into SQLite: 50 rows a statement, one transaction for what it is sent.
import { parentPort, workerData } from 'node:worker_threads';
import Sqlite from 'better-sqlite3';
import type { Statement } from 'better-sqlite3';
import type { FloorRow } from './floor-writer.js';

const rowsPerInsert = 50;
const { path, columns } = workerData as { readonly path: string; readonly columns: string };
const connection = new Sqlite(path);
connection.pragma('journal_mode = WAL');
connection.pragma('synchronous = NORMAL');

const width = columns.split(', ').length;
const oneRow = `(${new Array<string>(width).fill('?').join(', ')})`;
const statements = new Map<number, Statement>();

function insertOf(rows: number): Statement {
  const known = statements.get(rows);
  if (known !== undefined) return known;
  const values = new Array<string>(rows).fill(oneRow).join(', ');
  const statement = connection.prepare(`INSERT INTO event (${columns}) VALUES ${values}`);
  statements.set(rows, statement);
  return statement;
}

function bind(value: string | number): string | number | Buffer {
  return typeof value === 'string' && value.startsWith('0x') ? Buffer.from(value.slice(2), 'hex') : value;
}

parentPort?.on('message', (rows: readonly FloorRow[]) => {
  connection.exec('BEGIN IMMEDIATE');
  for (let at = 0; at < rows.length; at += rowsPerInsert) {
    const part = rows.slice(at, at + rowsPerInsert);
    insertOf(part.length).run(part.flatMap((row) => row.map(bind)));
  }
  connection.exec('COMMIT');
  parentPort?.postMessage(rows.length);
});
