import { expect } from 'chai';
import { Migrator } from '../../../src/database/schema/migrator.js';
import { openDatabase } from '../../../src/database/open/open-database.js';
import { createDatabase, onPostgres } from '../../support/databases.js';
import { execute } from '../../support/execute-sql.js';
import { rejectionOf } from '../../support/rejection.js';

onPostgres('migrate of a user without rights', (server) => {
  it('says which right is missing, though the refusal has ended its transaction', async () => {
    const url = new URL(await createDatabase(server().url()));
    await execute(url.href, "CREATE USER looker PASSWORD 'right99'");
    await execute(url.href, 'REVOKE CREATE ON SCHEMA public FROM PUBLIC');
    Object.assign(url, { username: 'looker', password: 'right99' });
    const database = await openDatabase(url.href, { create: true });
    try {
      const error = await rejectionOf(new Migrator(database).up(() => undefined));
      expect(error.message).to.contain('permission denied for schema public');
    } finally {
      await database.close();
    }
  });
});
