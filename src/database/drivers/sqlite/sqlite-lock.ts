import type { MigrationLock } from '../../driver.js';
import { endTransaction } from '../end-transaction.js';

/** How often a lock of another's is tried again, in milliseconds. */
const patienceMs = 200;

/** The lock of the file itself: a migrate is one write transaction, which ends with its process, whole or not at all. */
export const sqliteLock: MigrationLock = async ({ schema, dialect, clock, onWait }, work) => {
  for (let told = false; ; told = true) {
    try {
      await schema.run('BEGIN IMMEDIATE');
      break;
    } catch (error) {
      if (dialect.classify(error) !== 'contention') throw error;
      if (!told) onWait();
      await clock.sleep(patienceMs);
    }
  }
  return endTransaction(schema, () => work(() => Promise.resolve()));
};
