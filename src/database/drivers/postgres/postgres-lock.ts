import type { MigrationLock } from '../../driver.js';
import type { Schema } from '../../../../migrations/schema.js';
import { DatabaseUnusableError } from '../../../runtime/errors.js';
import { errorWords } from '../../database-errors.js';
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

/** SQLSTATE: untranslatable_character. */
const untranslatable = '22P05';

/** The lock of a database; a standby has none, and nothing to migrate. Throws DatabaseUnusableError, as `refuseEncoding` does. */
export const postgresLock: MigrationLock = async ({ schema, clock, onWait }, work) => {
  await refuseEncoding(schema);
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

/** Throws DatabaseUnusableError where the database's encoding lacks characters of the schema's own comments. */
async function refuseEncoding(schema: Schema): Promise<void> {
  try {
    await schema.ask("SELECT '最后心跳时间' AS text");
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== untranslatable) throw error;
    throw new DatabaseUnusableError(`the database's encoding lacks characters: ${errorWords(error)}`, {
      hint: "make one with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0",
      cause: error,
    });
  }
}
