import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { ConflictError, DatabaseForbiddenError } from '../../runtime/errors.js';
import type { LockOptions, MigrationLock } from '../driver.js';
import { historyTable, lockName, MigrationHistory } from './migration-history.js';

/** After how many seconds without a sign of life a lock is another's to take. */
const expirySeconds = 30;

/** How often its holder gives a sign of life, in milliseconds, and how often one is tried that another holds. */
const renewEveryMs = 5_000;
const patienceMs = 500;

/** Who holds a lock is JSON, as what a migration has made: an older version reads it as that, and refuses a newer schema. */
const nobody = '""';

/**
 * A lock that is a row with an expiry, for databases whose own locks hold for one node of a cluster only. The row stands
 * in the table of migrations, under a name that none has: an older version that sees it takes the schema for newer and does nothing.
 * Its holder renews it beside the work, which a change of a large table may keep busy for long; one that was killed is
 * waited for until the row expires.
 */
export const rowLock: MigrationLock = async (options, work) => {
  const lock = new RowLock(options);
  await lock.take();
  const done = new AbortController();
  const renewing = lock.renewUntil(done.signal);
  try {
    return await work(() => lock.renew());
  } finally {
    done.abort();
    await renewing;
    await lock.release();
  }
};

class RowLock {
  readonly #options: LockOptions;
  readonly #holder = JSON.stringify(randomUUID());

  constructor(options: LockOptions) {
    this.#options = options;
  }

  async take(): Promise<void> {
    const { clock, onWait } = this.#options;
    for (let told = false; !(await this.#tryToTake()); told = true) {
      if (!told) onWait();
      await clock.sleep(patienceMs);
    }
  }

  /** Throws ConflictError where the lock is another's by now, or its table is gone. */
  async renew(): Promise<void> {
    const { write, schema, dialect } = this.#options;
    const [held] = await write([this.#mine().update({ applied_at: dialect.now(schema.knex) })]);
    if (held?.matched === 1) return;
    throw new ConflictError('another migrate has taken over, as this one gave no sign of life', {
      hint: 'chainparse migrate --status tells what is done',
    });
  }

  /** Renews the lock until the signal; what goes wrong is met by the next change. */
  async renewUntil(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const isDone = (): boolean => signal.aborted;
    while (!isDone()) {
      await clock.sleep(renewEveryMs, signal).catch(() => undefined);
      if (!isDone()) await this.renew().catch(() => undefined);
    }
  }

  /** Frees the lock; what can't be freed expires. Nothing is left behind where there is nothing to remember. */
  async release(): Promise<void> {
    const { write, schema, dialect } = this.#options;
    try {
      const history = new MigrationHistory(schema);
      if ((await history.list()).length > 0) await write([this.#mine().delete()]);
      else if (await history.isThere()) await schema.run(`DROP TABLE ${historyTable}`);
    } catch (error) {
      // Who may not delete rows, or drop the table, gives it back as one that is nobody's; else the database went away.
      const isForbidden = error instanceof DatabaseForbiddenError || dialect.classify(error) === 'forbidden';
      if (!isForbidden) return;
      await write([this.#mine().update({ applied_at: null, made: nobody })]).catch(() => undefined);
    }
  }

  async #tryToTake(): Promise<boolean> {
    const { write, schema, dialect } = this.#options;
    const { knex } = schema;
    await new MigrationHistory(schema).ensureTable();
    const free = knex(historyTable)
      .where({ name: lockName })
      .where((either) => {
        void either.whereNull('applied_at').orWhereRaw(dialect.isOlder(knex, 'applied_at', expirySeconds));
      });
    try {
      const [, taken] = await write([
        knex(historyTable).insert({ name: lockName, applied_at: null, made: nobody }).onConflict('name').ignore(),
        free.update({ applied_at: dialect.now(knex), made: this.#holder }),
      ]);
      return taken?.matched === 1;
    } catch (error) {
      // Its holder has dropped the table, as nothing was left in it.
      if (!(await new MigrationHistory(schema).isThere())) return false;
      throw error;
    }
  }

  #mine(): Knex.QueryBuilder {
    return this.#options.schema.knex(historyTable).where({ name: lockName, made: this.#holder });
  }
}
