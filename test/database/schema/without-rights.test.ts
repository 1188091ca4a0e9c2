import { expect } from 'chai';
import type { Database } from '../../../src/database/database.js';
import { historyTable, lockName } from '../../../src/database/schema/migration-history.js';
import { Migrator } from '../../../src/database/schema/migrator.js';
import { openDatabase } from '../../../src/database/open/open-database.js';
import { createDatabase, onMysql, onPostgres } from '../../support/databases.js';
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

onMysql('migrate of a user who may not delete', (server) => {
  const openAs = async (user: string, rights: string): Promise<Database> => {
    const url = new URL(await createDatabase(server().url()));
    await execute(url.href, `CREATE USER ${user}@'127.0.0.1' IDENTIFIED BY 'right99'`);
    await execute(url.href, `GRANT ${rights} ON ${url.pathname.slice(1)}.* TO ${user}@'127.0.0.1'`);
    return openDatabase(Object.assign(url, { username: user, password: 'right99' }).href);
  };

  it('frees its lock all the same, so that the next one waits for nobody', async () => {
    const database = await openAs('keeper', 'SELECT, INSERT, UPDATE, CREATE, ALTER, INDEX');
    try {
      await new Migrator(database).up(() => undefined);
      const lock = await database.read<object[]>((knex) =>
        knex(historyTable).where({ name: lockName }).select('applied_at'),
      );
      expect(lock).to.deep.equal([{ applied_at: null }]);
      expect(await new Migrator(database).up(() => undefined)).to.deep.equal([]);
    } finally {
      await database.close();
    }
  });

  it('frees it where there is nothing to roll back and it may not drop the table that the lock stands in', async () => {
    const database = await openAs('maker', 'SELECT, INSERT, UPDATE, DELETE, CREATE');
    try {
      await new Migrator(database).down(() => undefined, false);
      const rows = await database.read<object[]>((knex) => knex(historyTable).select('name', 'applied_at'));
      expect(rows).to.deep.equal([{ name: lockName, applied_at: null }]);
    } finally {
      await database.close();
    }
  });
});
