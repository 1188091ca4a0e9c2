import type { MigrationLock } from '../../driver.js';
import { endTransaction } from '../end-transaction.js';

/** The lock's number in a database: what a hash makes of its name. */
const lock = "hashtext('chainparse.migrate')";

/** How often a lock of another's is tried again, in milliseconds. */
const patienceMs = 200;

/**
 * A migrate is one transaction, for a server of this kind takes back changes of a schema as well, under a lock that goes
 * with it: whole or not at all. A process that is frozen in it is cut off after a minute.
 */
const begin = `BEGIN; SET LOCAL idle_in_transaction_session_timeout = '60s'; SET LOCAL lock_timeout = '50s'; SET LOCAL statement_timeout = 0`;

/** The lock of a database; a standby has none, and nothing to migrate. */
export const postgresLock: MigrationLock = async ({ schema, clock, onWait }, work) => {
  await schema.run(begin);
  return endTransaction(schema, async () => {
    for (let told = false; ; told = true) {
      const [row] = await schema.ask<{ got: number }>(`SELECT pg_try_advisory_xact_lock(${lock}) AS got`);
      if (row?.got === 1) break;
      if (!told) onWait();
      await clock.sleep(patienceMs);
    }
    return work(() => Promise.resolve());
  });
};
