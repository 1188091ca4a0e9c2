import Sqlite from 'better-sqlite3';
import { connectTo } from './durable-server.js';

/** Looks at what is committed, as another user of the database sees it. */
export interface RowWatch {
  /** Says whether events of a block are there. */
  has(block: number): Promise<boolean>;
  close(): Promise<void>;
}

/** Opens a connection of its own to a migrated database. */
export async function watchRows(databaseUrl: string): Promise<RowWatch> {
  return databaseUrl.startsWith('sqlite:')
    ? watchSqlite(databaseUrl.slice('sqlite:'.length))
    : await watchMysql(databaseUrl);
}

const look = 'SELECT 1 FROM event WHERE pipeline_id = 45 AND block_number = ? LIMIT 1';

function watchSqlite(path: string): RowWatch {
  const connection = new Sqlite(path, { readonly: true });
  const statement = connection.prepare(look);
  return {
    has: (block) => Promise.resolve(statement.get(block) !== undefined),
    close: () => Promise.resolve(void connection.close()),
  };
}

async function watchMysql(databaseUrl: string): Promise<RowWatch> {
  const connection = await connectTo(databaseUrl);
  return {
    has: async (block) => {
      const [rows] = await connection.query(look, [block]);
      return (rows as unknown[]).length > 0;
    },
    close: () => connection.end(),
  };
}
