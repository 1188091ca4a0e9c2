import type { Database } from '../../../src/database/database.js';
import type { Dialect } from '../../../src/database/dialect.js';
import type { ScriptStep } from '../../../src/database/script.js';
import type { LedgerRow } from './ledger.js';

/** What a client sends to the server in one packet. */
export type Request =
  /** Opens a connection. */
  | { readonly kind: 'hello' }
  | { readonly kind: 'read'; readonly sql: string; readonly bindings: readonly unknown[] }
  | { readonly kind: 'script'; readonly steps: readonly ScriptStep[] };

/** Under which circumstances a packet is executed. */
export interface Circumstances {
  /** Virtual time, in milliseconds. */
  readonly at: number;
  readonly sender: string;
  /** The database's clock in milliseconds since the epoch: when the statement began, and while it judges its rows. */
  readonly clockMs: number;
  readonly liveMs: number;
}

/** The database behind the simulated server: a real one, whose clock is virtual and which keeps a ledger of itself. */
export interface Engine {
  readonly dialect: Dialect;
  /** Which client Knex builds queries for. */
  readonly client: 'better-sqlite3' | 'mysql2' | 'pg';
  /** Empties the tables; from here on instants are stored in `timezone`. */
  begin(timezone: string): void | Promise<void>;
  /** Executes a packet; what it throws (or rejects with) is what the real driver would. */
  execute(request: Exclude<Request, { kind: 'hello' }>, circumstances: Circumstances): unknown;
  /** What has been written since `begin`, in order. */
  ledger(): readonly LedgerRow[] | Promise<readonly LedgerRow[]>;
  /** Runs a query of the simulation itself. */
  ask(sql: string): readonly Row[] | Promise<readonly Row[]>;
  close(): Promise<void>;
}

export type Row = Readonly<Record<string, unknown>>;

/** Gives an engine's answer to a read the shape in which Knex's client expects it. */
export type Shape = (rows: unknown) => unknown;

/** A database to migrate through, without any faults. */
export type Direct = Pick<Database, 'knex' | 'dialect' | 'label'>;
