import type { Database } from '../database.js';
import { installationTable } from '../database-timezone.js';
import { NotMigratedError } from '../../runtime/errors.js';

/** Returns the id that this database was given when it was first migrated, and that no other has. */
export async function readInstallation(database: Database): Promise<string> {
  const [row] = await database.read<{ installation_id: string }[]>((knex) =>
    knex(installationTable).select('installation_id'),
  );
  if (row === undefined) throw new NotMigratedError(`the database has lost its row of ${installationTable}`);
  return row.installation_id;
}
