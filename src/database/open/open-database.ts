import { systemClock } from '../../runtime/clock.js';
import type { Clock } from '../../runtime/clock.js';
import { maskUrl } from '../../runtime/secrets.js';
import type { Database } from '../database.js';
import { DatabaseTimezone } from '../database-timezone.js';
import { parseDatabaseUrls } from './database-url.js';
import type { DatabasePlace } from './database-url.js';
import type { Driver, DriverSettings } from '../driver.js';
import { KnexDatabase } from './knex-database.js';

export interface OpenOptions {
  /** The offset in which the database must hold its instants, e.g. `+00:00`; left out: whichever it has stored. */
  readonly timezone?: string | undefined;
  readonly clock?: Clock;
  /**
   * Make the SQLite file where there is none; `in-memory`: look at an empty database in its place, which is gone when it is
   * closed.
   */
  readonly create?: boolean | 'in-memory';
  /**
   * For what lives for long: writes happen where a freeze of this process can't hold a lock (SQLite: in a process of their
   * own), a SQLite file is watched, and a server that does not answer for so long counts as away. Milliseconds.
   */
  readonly statementTimeoutMs?: number;
  /** The same for beats, which must be heard soon after an outage; `statementTimeoutMs` where left out. */
  readonly beatTimeoutMs?: number;
  /** It is looked at, and hardly written: the process that writes a SQLite file starts with the first write. */
  readonly isLookedAt?: boolean;
  /** Connections for reads at most. */
  readonly poolSize?: number;
  /** Told what a person should do something about: a SQLite file's write-ahead log that can't shrink. */
  readonly warn?: (text: string) => void;
}

/**
 * Opens a database by its URL, or those of its cluster's nodes; connects when first used. Throws UsageError where it is none. Errors of use are
 * DatabaseUnreachableError and NotMigratedError.
 */
export async function openDatabase(url: string, options: OpenOptions = {}): Promise<Database> {
  const timezone = new DatabaseTimezone(options.timezone);
  const place = parseDatabaseUrls(url);
  const label = place.kind === 'sqlite' ? `sqlite:${place.path}` : maskUrl(url);
  const { clock = systemClock } = options;
  const driver = await openDriver(place, { ...options, timezone, label, clock });
  return new KnexDatabase({ driver, label, clock, timezone });
}

async function openDriver(place: DatabasePlace, settings: DriverSettings): Promise<Driver> {
  switch (place.kind) {
    case 'sqlite':
      return (await import('../drivers/sqlite/open-sqlite.js')).openSqlite(place, settings);
    case 'mysql':
      return (await import('../drivers/mysql/open-mysql.js')).openMysql(place.nodes, settings);
    case 'postgres':
      return (await import('../drivers/postgres/open-postgres.js')).openPostgres(place.nodes, settings);
  }
}
