import type { Child } from '../../test/support/child.js';

/** What all have to do: read blocks 1 to `blocks` of a node. */
export interface Course {
  readonly name: string;
  readonly blocks: number;
  readonly logsPerBlock: number;
  readonly latencyMs: number;
  /** The most blocks that a request for logs may ask for. */
  readonly maxBlocks: number;
  /** Whether the node refuses more; else it refuses answers of more than 10,000 logs. */
  readonly isCapped: boolean;
}

/** Where a program finds what it reads and stores. */
export interface Place {
  readonly rpcUrl: string;
  readonly databaseUrl: string;
  readonly course: Course;
}

/** Where a program's rows are, as SQL of its database. */
export interface RowPlace {
  readonly table: string;
  readonly schema?: string;
  readonly blockNumber: string;
  /** An expression: the transferred amount. */
  readonly value: string;
  /** The row of a log, found by an index. */
  readonly row: (block: number, logIndex: number) => Readonly<Record<string, unknown>>;
}

/** A program that stores the transfers of a chain. */
export interface Peer {
  readonly name: string;
  readonly database: 'PostgreSQL' | 'SQLite';
  readonly rows: RowPlace;
  /** Installs it where it isn't yet, and does what a person does before the first start; not measured. */
  prepare(place: Place): Promise<() => Promise<Child> | Child>;
}

/** The rows of a table with a column `id` of block and place. */
export function rowsById(table: string, blockNumber: string, value: string, schema?: string): RowPlace {
  const row = (block: number, logIndex: number): { id: string } => ({ id: `${block}-${logIndex}` });
  return { table, blockNumber, value, row, ...(schema === undefined ? {} : { schema }) };
}
