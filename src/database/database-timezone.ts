import { DatabaseUnusableError, UsageError } from '../runtime/errors.js';
import { parseUtcOffset } from '../runtime/utc-offset.js';

/** The table of what belongs to a database and to no process: one row. */
export const installationTable = 'chainparse_installation';

/** Reads what the database has stored, where it is migrated; for a connection that has just been made. */
export const storedTimezoneSql = `SELECT time_zone FROM ${installationTable}`;

/**
 * The offset from UTC in which a database holds its instants. It belongs to the database: what a process is set to must
 * agree, or the process would take the living for silent. Before the first migrate it is what is set, else `+00:00`.
 */
export class DatabaseTimezone {
  readonly #set: string | undefined;
  #stored: string | undefined;

  /** Takes what is set, if anything is; throws UsageError where that is no offset. */
  constructor(set: string | undefined) {
    this.#set = set === undefined ? undefined : offset(set);
  }

  /** An offset such as `+08:00`. */
  get value(): string {
    return this.#stored ?? this.#set ?? '+00:00';
  }

  /** Nobody has said which one it is: neither a setting nor the database. */
  get isAssumed(): boolean {
    return this.#set === undefined && this.#stored === undefined;
  }

  get isLearnt(): boolean {
    return this.#stored !== undefined;
  }

  /**
   * Takes what the database has stored. Throws UsageError where this process is set to another, and DatabaseUnusableError
   * where it was another when this process opened the database.
   */
  learn(stored: string): void {
    if (this.#set !== undefined && this.#set !== stored) {
      throw new UsageError(`the database holds its times in ${stored}, and this process is set to ${this.#set}`, {
        hint: `remove CHAINPARSE_DB_TIMEZONE (database_timezone): the database knows its own; chainparse migrate --time-zone ${this.#set} changes it while nothing runs`,
      });
    }
    if (this.#stored !== undefined && this.#stored !== stored) {
      throw new DatabaseUnusableError(
        `the time zone of the database was changed from ${this.#stored} to ${stored} while this process used it`,
        { hint: 'start it again' },
      );
    }
    this.#stored = stored;
  }

  /** The database holds its times in another offset from now on, by this process's own doing. */
  change(to: string): void {
    this.#stored = to;
  }
}

function offset(text: string): string {
  const parsed = parseUtcOffset(text);
  if (parsed !== null) return parsed;
  throw new UsageError(`the database time zone '${text}' is no offset`, { hint: 'write it as +08:00' });
}
