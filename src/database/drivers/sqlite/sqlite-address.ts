import { sqlitePath } from '../../../runtime/database-urls.js';
import { UsageError } from '../../../runtime/errors.js';
import { refuseWrongParameters } from '../server-url.js';

export interface SqliteAddress {
  readonly kind: 'sqlite';
  readonly path: string;
}

/** Reads a URL that names a file; throws UsageError where it names none. */
export function parseSqliteUrl(url: string): SqliteAddress {
  const path = sqlitePath(url) ?? '';
  if (path === ':memory:') {
    throw new UsageError('a database in memory would be another one for each connection', { hint: 'use sqlite:PATH' });
  }
  if (path === '') throw new UsageError('the database URL sqlite: names no file', { hint: 'use sqlite:PATH' });
  refuseWrongParameters(url);
  return { kind: 'sqlite', path };
}
