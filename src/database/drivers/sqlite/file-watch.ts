import Sqlite from 'better-sqlite3';
import type { Database as Connection } from 'better-sqlite3';
import { openSync, readSync, statSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import type { Clock } from '../../../runtime/clock.js';
import { DatabaseUnusableError } from '../../../runtime/errors.js';

/** How often what is in the file is looked at, in milliseconds; that it is still there is looked at each time. */
const readEveryMs = 1_000;

/** A write-ahead log is never this long where what is in it can be moved into the file: 256 MB. */
const longestLog = 268_435_456n;

/** No database is shorter than a page. */
const shortest = 512n;

const cutShort = 'was cut short while it was in use';

const restart = 'put the right file in its place while nothing uses it, and start again';

/**
 * Sees that a SQLite file is no longer the one that was opened: SQLite itself goes on with a file that was deleted, and
 * what it writes there is lost. It looks from a process that lives for long, before each use.
 */
export class FileWatch {
  readonly #path: string;
  readonly #clock: Clock;
  /** Held, so that nobody else is ever the last to close the database, and its log and index stay the files that they are. */
  #held: Connection | null = null;
  #files: readonly string[] = [];
  #largest = 0n;
  #installation: string | null = null;
  #readAt = -Infinity;
  #shortAt = -Infinity;
  #fault: string | null = null;
  readonly #warn: (text: string) => void;
  #isLogLong = false;

  /** `warn` is told once when the write-ahead log becomes too long, and again only after it shrank. */
  constructor(path: string, clock: Clock, warn: (text: string) => void = () => undefined) {
    this.#path = path;
    this.#clock = clock;
    this.#warn = warn;
  }

  /** Throws DatabaseUnusableError where the file was deleted, replaced, cut short or overwritten; once it was, always. */
  look(): void {
    this.#fault ??= this.#findFault();
    if (this.#fault === null) return;
    throw new DatabaseUnusableError(`the database file ${this.#path} ${this.#fault}`, { hint: restart });
  }

  close(): void {
    this.#held?.close();
    this.#held = null;
  }

  #findFault(): string | null {
    const stats = this.#stat('');
    if (stats === undefined) return 'was deleted while it was in use';
    this.#hold();
    const fault = this.#findOther() ?? this.#findCut(stats);
    if (fault !== null || this.#clock.monotonic() - this.#readAt < readEveryMs) return fault;
    this.#readAt = this.#clock.monotonic();
    this.#lookAtLog();
    return this.#findOverwritten();
  }

  /** SQLite can't start the log again while somebody reads what the database was at an earlier commit. */
  #lookAtLog(): void {
    const size = this.#stat('-wal')?.size ?? 0n;
    const isLong = size > longestLog;
    if (isLong && !this.#isLogLong) {
      this.#warn(
        `${this.#path}-wal has ${size / 1_048_576n} MB, because a process keeps a read of the database open: ` +
          `end that process (fuser -v ${this.#path} lists all that use it), or the log grows until the disk is full`,
      );
    }
    this.#isLogLong = isLong;
  }

  #hold(): void {
    if (this.#held !== null) return;
    const held = new Sqlite(this.#path, { fileMustExist: true });
    // The log and its index are there from the first read on.
    readInstallation(held);
    this.#held = held;
    this.#files = suffixes.map((suffix) => identityOf(this.#stat(suffix)));
  }

  #findOther(): string | null {
    const found = suffixes.findIndex((suffix, i) => {
      const before = this.#files[i];
      return before !== gone && identityOf(this.#stat(suffix)) !== before;
    });
    if (found === -1) return null;
    const what = this.#stat(suffixes[found] ?? '') === undefined ? 'deleted' : 'replaced';
    return found === 0 ? `was ${what} while it was in use` : `lost its ${suffixes[found]} file, which was ${what}`;
  }

  /** A file also shrinks where somebody runs VACUUM; then its header says how long it is. */
  #findCut({ size }: BigIntStats): string | null {
    const now = this.#clock.monotonic();
    if (size >= this.#largest) this.#largest = size;
    else if (size < shortest) return cutShort;
    else if (size === this.#sizeInHeader()) this.#largest = size;
    // While the log is moved into it, the header may be ahead of the file for a moment.
    else if (this.#shortAt !== -Infinity) {
      return now - this.#shortAt >= readEveryMs ? cutShort : null;
    } else {
      this.#shortAt = now;
      return null;
    }
    this.#shortAt = -Infinity;
    return null;
  }

  #sizeInHeader(): bigint {
    const header = Buffer.alloc(100);
    // Left open for ever, for it happens once or never: to close it would free every lock that SQLite holds on the file.
    readSync(openSync(this.#path, 'r'), header, 0, 100, 0);
    const pageSize = header.readUInt16BE(16);
    return BigInt(pageSize === 1 ? 65_536 : pageSize) * BigInt(header.readUInt32BE(28));
  }

  /** What is read over a connection of its own comes from the file, not from a cache. */
  #findOverwritten(): string | null {
    let connection: Connection | null = null;
    try {
      connection = new Sqlite(this.#path, { fileMustExist: true, readonly: true, timeout: 0 });
      const installation = readInstallation(connection);
      if (installation === null) return null;
      this.#installation ??= installation;
      return installation === this.#installation ? null : 'was overwritten with another database while it was in use';
    } catch (error) {
      return isMalformed(error) ? `was overwritten while it was in use: ${(error as Error).message}` : null;
    } finally {
      connection?.close();
    }
  }

  #stat(suffix: string): BigIntStats | undefined {
    return statSync(this.#path + suffix, { bigint: true, throwIfNoEntry: false });
  }
}

const suffixes = ['', '-wal', '-shm'] as const;

/** Stands for a file that is not there. */
const gone = '';

function identityOf(stats: BigIntStats | undefined): string {
  return stats === undefined ? gone : `${stats.dev}:${stats.ino}`;
}

/** Returns the id that a database was given when it was migrated; null where it was not. */
function readInstallation(connection: Connection): string | null {
  try {
    const row = connection.prepare('SELECT installation_id AS id FROM chainparse_installation').get();
    return (row as { id: string } | undefined)?.id ?? null;
  } catch (error) {
    if (/no such table/.test((error as Error).message)) return null;
    throw error;
  }
}

function isMalformed(error: unknown): boolean {
  return /^SQLITE_(CORRUPT|NOTADB)/.test(String((error as { code?: unknown }).code));
}
