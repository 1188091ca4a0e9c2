import type { Database } from '../../src/database/database.js';

/** How a kind of database calls what tests make tables of. */
export interface TableWords {
  /** A key that is counted up. */
  readonly id: string;
  readonly instant: string;
  readonly bytes: string;
  readonly longText: string;
  /** A statement that takes so many seconds. */
  nap(seconds: number): string;
}

const words: Readonly<Record<Database['dialect']['name'], TableWords>> = {
  sqlite: {
    id: 'INTEGER PRIMARY KEY AUTOINCREMENT',
    instant: 'DATETIME',
    bytes: 'BLOB',
    longText: 'TEXT',
    nap: () => 'SELECT 1',
  },
  mysql: {
    id: 'INT AUTO_INCREMENT PRIMARY KEY',
    instant: 'DATETIME',
    bytes: 'LONGBLOB',
    longText: 'LONGTEXT CHARACTER SET utf8mb4',
    nap: (seconds) => `SELECT SLEEP(${seconds})`,
  },
  postgres: {
    id: 'SERIAL PRIMARY KEY',
    instant: 'TIMESTAMP(0)',
    bytes: 'BYTEA',
    longText: 'TEXT',
    nap: (seconds) => `SELECT pg_sleep(${seconds})`,
  },
};

/** Returns the words of a database. */
export function wordsOf({ dialect }: Database): TableWords {
  return words[dialect.name];
}
