import { expect } from 'chai';
import type { Readiness } from '../../src/api/readiness.js';
import { openDatabase } from '../../src/database/open/open-database.js';
import { testApi } from '../api/api-fixture.js';
import { runIn } from '../cli/run-in.js';
import { insertSilentTask } from '../database/insert-silent-task.js';
import { createDatabase, eachServer } from '../support/databases.js';
import { execute } from '../support/execute-sql.js';
import { openMigrated } from '../support/migrated-database.js';
import { temporaryFolder } from '../support/temporary-folder.js';

eachServer('a database that is read-only, and in which nobody can beat', (server, { name }) => {
  let url: string;

  before(async function () {
    this.timeout(60_000);
    url = await createDatabase(server().url());
    const database = await openMigrated(url);
    await insertSilentTask(database, 1_000);
    await database.close();
    const schema = new URL(url).pathname.slice(1);
    if (name === 'postgres') {
      await execute(server().url(), `ALTER DATABASE ${schema} SET default_transaction_read_only = on`);
      return;
    }
    // The administrator may write all the same.
    await execute(url, "CREATE USER app@'127.0.0.1'");
    await execute(url, `GRANT ALL ON ${schema}.* TO app@'127.0.0.1'`);
    await execute(url, 'SET GLOBAL read_only = 1');
    url = url.replace('root@', 'app@');
  });

  async function told(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await runIn(temporaryFolder(), ...args, '--database', url, '--lang', 'en');
    expect(code, stderr).to.equal(0);
    return stdout + stderr;
  }

  it('is what /readyz names, and of monitor, tasks and pipelines it says that nobody knows', async () => {
    const database = await openDatabase(url);
    const api = testApi(database);
    const { ready, checks } = (await api.send('/readyz')).json<Readiness>();
    expect(ready).to.equal(false);
    expect(checks.map((check) => [check.name, check.kind, check.ok].join(' '))).to.deep.equal([
      'database refuses false',
      ...['monitor', 'silence', 'pipelines', 'lag'].map((check) => `${check} unread false`),
    ]);
    expect(checks[0]?.detail).to.match(/^takes no writes: .*read-only/);
    await api.app.close();
    await database.close();
  });

  it('is what status names, and not that no monitor or worker is alive', async () => {
    const text = await told('status', '--once');
    expect(text).to.match(/THE DATABASE TAKES NO WRITES, who is alive is unknown: .*read-only/);
    expect(text).not.to.match(/NO MONITOR|no worker/);
    const { database_refusal: refusal } = JSON.parse(await told('status', '--json')) as { database_refusal: string };
    expect(refusal).to.contain('read-only');
  });

  it('is what tasks list warns of', async () => {
    expect(await told('tasks', 'list')).to.match(
      /whether a monitor is alive is unknown, .*takes no writes: .*read-only/,
    );
  });
});
