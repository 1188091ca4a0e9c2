import { expect } from 'chai';
import { openDatabase } from '../../../../src/database/open/open-database.js';
import { createDatabase, onPostgres } from '../../../support/databases.js';
import { execute } from '../../../support/execute-sql.js';
import { openMigrated } from '../../../support/migrated-database.js';
import { beginElsewhere } from '../../../support/other-session.js';
import { eventually } from '../../../support/within.js';

onPostgres('a session of a server that sets limits of its own', (server) => {
  it('has none of them in its first statement: it waits for a lock like all others', async () => {
    const url = await createDatabase(server().url());
    await (await openMigrated(url)).close();
    const name = new URL(url).pathname.slice(1);
    await execute(server().url(), `ALTER DATABASE ${name} SET lock_timeout = '1ms'`);
    const holder = await beginElsewhere(url, 'LOCK TABLE chainparse_installation IN ACCESS EXCLUSIVE MODE');
    const database = await openDatabase(url);
    const reading = database.read<{ rows: unknown[] }>((knex) => knex.raw('SELECT 1 AS one'));
    // For longer than it is tried again where a limit of the server's breaks it off.
    const long = `datname = '${name}' AND wait_event_type = 'Lock' AND query_start < now() - interval '1.5 s'`;
    const waits = eventually('it waits', async () => {
      const rows = await execute(server().url(), `SELECT 1 FROM pg_stat_activity WHERE ${long}`);
      return rows.length > 0;
    });
    await Promise.race([waits, reading]);
    await holder.end();
    expect((await reading).rows).to.deep.equal([{ one: 1 }]);
    await database.close();
  });

  it('is known to take no writes where the server says so of it', async () => {
    const url = await createDatabase(server().url());
    for (const value of ['off', 'on']) {
      await execute(
        server().url(),
        `ALTER DATABASE ${new URL(url).pathname.slice(1)} SET default_transaction_read_only = ${value}`,
      );
      const database = await openDatabase(url);
      expect(await database.isReadOnly()).to.equal(value === 'on');
      await database.close();
    }
  });
});
