import { expect } from 'chai';
import { existsSync } from 'node:fs';
import { createConnection } from 'mysql2/promise';
import { eachDatabase, eachServer } from './databases.js';

eachDatabase('a test database', (database) => {
  it('has a URL of its dialect, another one each time', async () => {
    const first = await database.fresh();
    expect(first).to.match(database.dialect === 'sqlite' ? /^sqlite:\// : /^mysql:\/\/.*\/chainparse_test_/);
    expect(await database.fresh()).not.to.equal(first);
    expect(database.url()).not.to.equal(first);
  });

  it('is empty', async () => {
    const url = await database.fresh();
    if (database.dialect === 'sqlite') {
      expect(existsSync(url.slice('sqlite:'.length))).to.equal(false);
      return;
    }
    const connection = await createConnection(url);
    const [tables] = await connection.query('SHOW TABLES');
    await connection.end();
    expect(tables).to.deep.equal([]);
  });
});

eachServer('a private server', (server) => {
  const select = async (): Promise<unknown> => {
    const connection = await createConnection({ uri: server().url(), connectTimeout: 500 });
    return await connection.query('SELECT 1').finally(() => connection.destroy());
  };

  it('comes back with its data after kill -9', async () => {
    const connection = await createConnection(server().url());
    await connection.query('CREATE DATABASE kept');
    connection.destroy();
    await server().kill();
    expect(await select().catch(() => 'refused')).to.equal('refused');
    await server().restart();
    const again = await createConnection(server().url('kept'));
    await again.end();
  }).timeout(60_000);

  it('answers nothing while it is frozen', async () => {
    server().freeze();
    expect(await select().catch(() => 'silent')).to.equal('silent');
    server().thaw();
    await select();
  });
});
