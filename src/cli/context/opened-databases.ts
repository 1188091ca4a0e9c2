import type { Clock } from '../../runtime/clock.js';
import type { Database } from '../../database/database.js';
import type { OpenOptions } from '../../database/open/open-database.js';
import type { Settings } from '../../settings/settings.js';
import type { CommandContext } from './context.js';

/** The databases that a command opened: closed together when it ends. */
export class OpenedDatabases {
  readonly #settings: Pick<Settings, 'databaseUrl' | 'databaseTimezone'>;
  readonly #clock: Clock;
  readonly #opened: Database[] = [];

  constructor(settings: Pick<Settings, 'databaseUrl' | 'databaseTimezone'>, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
  }

  /** Opens the database that the settings name. */
  async open(options: Omit<OpenOptions, 'clock'> = {}): Promise<Database> {
    const { openDatabase } = await import('../../database/open/open-database.js');
    const { databaseUrl, databaseTimezone: timezone } = this.#settings;
    const database = await openDatabase(databaseUrl, { timezone, ...options, clock: this.#clock });
    this.#opened.push(database);
    return database;
  }

  /** Closes every one; a failure to close changes nothing any more. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#opened.splice(0).map((database) => database.close()));
  }
}

/**
 * Opens the database of the settings for a command's work, and closes it however the work ends. Throws NotMigratedError
 * where migrations are pending; with `in-memory` a file that is not there counts as an empty one.
 */
export async function withDatabase<T>(
  { settings, clock }: Pick<CommandContext, 'settings' | 'clock'>,
  work: (database: Database) => Promise<T>,
  create: 'in-memory' | false = false,
): Promise<T> {
  const [{ openDatabase }, { requireMigrated }] = await Promise.all([
    import('../../database/open/open-database.js'),
    import('../../database/schema/migrator.js'),
  ]);
  const { databaseUrl, databaseTimezone: timezone } = settings;
  const database = await openDatabase(databaseUrl, { timezone, clock, create });
  try {
    await requireMigrated(database);
    return await work(database);
  } finally {
    await database.close();
  }
}
