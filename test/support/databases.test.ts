import { expect } from 'chai';
import { existsSync } from 'node:fs';
import { createDatabase, eachDatabase, eachServer } from './databases.js';
import { execute } from './execute-sql.js';
import { within } from './within.js';

eachDatabase('a test database', (database) => {
  it('has a URL of its dialect, another one each time', async () => {
    const scheme = { sqlite: 'sqlite', mariadb: 'mysql', mysql: 'mysql', postgres: 'postgres' }[database.dialect];
    const first = await database.fresh();
    expect(first).to.match(scheme === 'sqlite' ? /^sqlite:\// : new RegExp(`^${scheme}://.*/chainparse_test_`));
    expect(await database.fresh()).not.to.equal(first);
    expect(database.url()).not.to.equal(first);
  });

  it('is empty', async () => {
    const url = await database.fresh();
    if (database.dialect === 'sqlite') {
      expect(existsSync(url.slice('sqlite:'.length))).to.equal(false);
      return;
    }
    const schema = database.dialect === 'postgres' ? 'current_schema()' : 'database()';
    expect(
      await execute(url, `SELECT table_name FROM information_schema.tables WHERE table_schema = ${schema}`),
    ).to.deep.equal([]);
  });
});

eachServer('a private server', (server) => {
  const select = (): Promise<unknown> => within(1_000, execute(server().url(), 'SELECT 1'), () => 'silent');

  it('comes back with its data after kill -9', async () => {
    const kept = await createDatabase(server().url());
    await server().kill();
    expect(await select().catch(() => 'refused')).to.equal('refused');
    await server().restart();
    await execute(kept, 'SELECT 1');
  }).timeout(60_000);

  it('answers nothing while it is frozen', async () => {
    server().freeze();
    expect(await select().catch(() => 'silent')).to.equal('silent');
    server().thaw();
    await select();
  });
});
