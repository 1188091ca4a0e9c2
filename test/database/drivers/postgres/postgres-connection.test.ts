import { expect } from 'chai';
import { openDatabase } from '../../../../src/database/open/open-database.js';
import { createDatabase, onPostgres } from '../../../support/databases.js';
import { execute } from '../../../support/execute-sql.js';
import { openMigrated } from '../../../support/migrated-database.js';
import { beginElsewhere } from '../../../support/other-session.js';

onPostgres('a session of a server that sets limits of its own', (server) => {
  it('has none of them in its first statement: it waits for a lock as any other', async function () {
    this.timeout(30_000);
    const url = await createDatabase(server().url());
    await (await openMigrated(url)).close();
    const name = new URL(url).pathname.slice(1);
    await execute(server().url(), `ALTER DATABASE ${name} SET lock_timeout = '1ms'`);
    const holder = await beginElsewhere(url, 'LOCK TABLE chainparse_installation IN ACCESS EXCLUSIVE MODE');
    const database = await openDatabase(url);
    const reading = database.read<{ rows: unknown[] }>((knex) => knex.raw('SELECT 1 AS one'));
    // Longer than it is tried again where a limit of the server's breaks it off.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await holder.end();
    expect((await reading).rows).to.deep.equal([{ one: 1 }]);
    await database.close();
  });
});
