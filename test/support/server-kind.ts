import type { DatabaseServer } from './database-server.js';

/** A kind of database server that tests can have for themselves. */
export interface ServerKind {
  readonly name: 'mariadb' | 'mysql' | 'postgres';
  /** Says whether this machine has what a private server needs. */
  readonly canStart: boolean;
  /** What to do where it has not. */
  readonly howToGet: string;
  /** Makes an empty data folder and starts a server on it, with further options of its program where given. */
  start(...options: string[]): Promise<DatabaseServer>;
  /** The same, with more in the server's environment. */
  startIn(env: NodeJS.ProcessEnv, ...options: string[]): Promise<DatabaseServer>;
}
