import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import type { Database } from '../../src/database/database.js';
import { openDatabase } from '../../src/database/open/open-database.js';
import { DatabaseUnreachableError } from '../../src/runtime/errors.js';
import { createDatabase, eachServer } from '../support/databases.js';
import { openMigrated } from '../support/migrated-database.js';
import { rejectionOf } from '../support/rejection.js';
import { TcpProxy } from '../support/tcp-proxy.js';

eachServer('a node of a cluster that stays silent', (server) => {
  let first: TcpProxy;
  let second: TcpProxy;
  let database: Database;

  before(async () => {
    const url = await createDatabase(server().url());
    await (await openMigrated(url)).close();
    const [one, other] = [await TcpProxy.before(url), await TcpProxy.before(url)];
    [first, second] = [one.proxy, other.proxy];
    database = await openDatabase(`${one.url},${other.url}`, { statementTimeoutMs: 1_000, beatTimeoutMs: 200 });
  });
  after(async () => {
    await database.close();
    await Promise.all([first.close(), second.close()]);
  });

  const read = (): Promise<unknown> => database.read((knex) => knex('pipeline').select('id'));
  const beat = (): Promise<unknown> => database.writeUrgently([database.knex('pipeline').where({ id: 0 }).delete()]);

  it('is left for the next one, by beats and reads, and what is left of its connections ends nothing', async () => {
    await beat();
    await read();
    expect([first.connections > 0, second.connections]).to.deep.equal([true, 0]);
    first.freeze();
    await rejectionOf(beat(), DatabaseUnreachableError);
    await beat();
    await read();
    expect(second.connections).to.equal(2);
    // The pool's connection to the first would fail only now, when nobody waits for it.
    await wait(1_500);
    await read();
  });
});
