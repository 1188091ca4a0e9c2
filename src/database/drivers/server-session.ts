import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { UsageError } from '../../runtime/errors.js';
import { storedTimezoneSql } from '../database-timezone.js';
import type { DatabaseTimezone } from '../database-timezone.js';
import type { ErrorKind } from '../dialect.js';

// What MySQL and PostgreSQL do alike with their connections.

/** Reads the file that a parameter of a database URL names; throws UsageError where it can't be read. */
export function readNamedFile(key: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new UsageError(`the file of ${key} can't be read: ${path}`, { cause });
  }
}

/** Reads the authorities that a parameter names; throws UsageError as `readNamedFile`, and where there are none: Node passes over that. */
export function readAuthorities(key: string, path: string): string {
  const text = readNamedFile(key, path);
  if (/-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----/.test(text)) return text;
  throw new UsageError(`the file of ${key} holds no certificate: ${path}`, {
    hint: "name a PEM file with the certificate of the authority that signed the server's",
  });
}

/** Runs a statement on a connection that is being prepared; resolves with its rows. */
export type RunQuery = (sql: string) => Promise<unknown>;

/** Learns the database's time zone where this process does not know it yet. Throws UsageError where it is set to another. */
export async function learnTimezone(
  timezone: DatabaseTimezone,
  query: RunQuery,
  classify: (error: unknown) => ErrorKind,
): Promise<void> {
  if (timezone.isLearnt) return;
  try {
    const [stored] = (await query(storedTimezoneSql)) as readonly { readonly time_zone: string }[];
    if (stored !== undefined) timezone.learn(stored.time_zone);
  } catch (error) {
    // Not migrated, or nothing that this user may see: who uses the database is told.
    if (!['not-migrated', 'forbidden'].includes(classify(error))) throw error;
  }
}

/** Drops a connection on which nothing has arrived for so long, in milliseconds: a half-open one can't hang a query for ever. */
export function dropSilent(stream: Socket, silenceMs: number | undefined): void {
  if (silenceMs === undefined) return;
  const silent = (): Error => new Error(`the server was silent for ${silenceMs / 1000} s`);
  stream.setTimeout(silenceMs, () => stream.destroy(Object.assign(silent(), { code: 'ETIMEDOUT' })));
}

/** Says what a person can do where a server's words tell no more than their kind; `grants`: the rights that are needed. */
export function hintOfKind(kind: ErrorKind, grants: string): string {
  if (kind === 'forbidden') return grants;
  return kind === 'refused'
    ? 'check user, password and rights in the database URL'
    : 'check that the server is up, and host and port in the database URL';
}
