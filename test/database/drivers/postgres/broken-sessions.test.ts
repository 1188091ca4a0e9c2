import { once } from 'node:events';
import { createServer, connect } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { expect } from 'chai';
import type { Database } from '../../../../src/database/database.js';
import { openDatabase } from '../../../../src/database/open/open-database.js';
import type { Statement } from '../../../../src/database/script.js';
import { DatabaseUnreachableError } from '../../../../src/runtime/errors.js';
import type { DatabaseServer } from '../../../support/database-server.js';
import { onPostgres } from '../../../support/databases.js';
import { rejectionOf } from '../../../support/rejection.js';
import { TcpProxy } from '../../../support/tcp-proxy.js';
import { eventually } from '../../../support/within.js';
import { endOtherSessions, countNaps } from '../../other-sessions.js';

const run = (sql: string): Statement => ({ sql, bindings: [] });
const add = run("INSERT INTO item (a) VALUES ('x')");

/** Passes on what is said, and not that a side has ended: what a server said last arrives long before its end. */
class DeafProxy {
  readonly #server: Server;
  readonly #sockets: Socket[] = [];
  /** How many servers have ended their connections. */
  ended = 0;

  constructor(port: number) {
    // At once: what is said last would wait for the other side's word on what was said before, which may take 40 ms.
    const own = { allowHalfOpen: true, noDelay: true };
    this.#server = createServer(own, (client) => {
      const server = connect({ port, host: '127.0.0.1', ...own });
      this.#sockets.push(client, server);
      for (const socket of [client, server]) socket.on('error', () => undefined);
      client.on('data', (bytes) => void server.write(bytes));
      server.on('data', (bytes) => void client.write(bytes)).on('end', () => this.ended++);
    }).listen(0, '127.0.0.1');
  }

  async port(): Promise<number> {
    if (!this.#server.listening) await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

onPostgres('a broken session', (serverOf) => {
  let server: DatabaseServer;
  let direct: Database;
  let database: Database;
  let proxy: DeafProxy;

  before(async () => {
    server = serverOf();
    direct = await openDatabase(server.url());
    await direct.write([run('CREATE TABLE item (id serial, a text)')]);
  });
  beforeEach(async () => {
    await direct.write([run('DELETE FROM item')]);
    proxy = new DeafProxy(server.port);
    database = await openDatabase(server.url().replace(`:${server.port}/`, `:${await proxy.port()}/`));
  });
  afterEach(async () => {
    await database.close();
    await proxy.close();
  });
  after(() => direct.close());

  const count = async (): Promise<number> => (await direct.read<unknown[]>((knex) => knex('item'))).length;
  const killOthers = async (): Promise<void> => {
    await endOtherSessions(direct);
    await eventually('the server has ended it', () => proxy.ended > 0);
    // What the server said before that is with the driver by now.
    await new Promise((resolve) => setTimeout(resolve, 20));
  };

  it('is not used again once the server has said that it is over, though its connection stands', async () => {
    await database.write([add]);
    await killOthers();
    await database.write([add]);
    expect(await count()).to.equal(2);
  });

  it('is not used again once it was reset while it was idle', async () => {
    const { proxy: resetting, url } = await TcpProxy.before(server.url());
    const own = await openDatabase(url);
    await own.write([add]);
    resetting.reset();
    await new Promise((resolve) => setTimeout(resolve, 20));
    await own.write([add]);
    expect(await count()).to.equal(2);
    await own.close();
    await resetting.close();
  });

  it('is not used again after it was told so in the middle of a script', async () => {
    const dying = rejectionOf(database.write([add, run('SELECT pg_sleep(5)')]), DatabaseUnreachableError);
    await eventually('it naps', async () => (await countNaps(direct)) === 1);
    await killOthers();
    await dying;
    await database.write([add]);
    expect(await count()).to.equal(1);
  });

  it('ends no process where the server is killed, neither while it is idle nor in a script', async function () {
    this.timeout(60_000);
    const own = await openDatabase(server.url());
    const sleeping = await openDatabase(server.url());
    await own.write([add]);
    const dying = rejectionOf(sleeping.write([add, run('SELECT pg_sleep(5)')]), DatabaseUnreachableError);
    await eventually('it naps', async () => (await countNaps(direct)) === 1);
    await server.kill();
    await dying;
    await rejectionOf(own.write([add]), DatabaseUnreachableError);
    await server.restart();
    for (const each of [own, sleeping]) await each.write([add]);
    expect(await count()).to.equal(3);
    for (const each of [own, sleeping]) await each.close();
  });
});
