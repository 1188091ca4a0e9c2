import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { ServerSockets } from '../../../src/database/drivers/server-sockets.js';

describe('the sockets to a database server', () => {
  it('are closed together, and none is opened afterwards', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
    const sockets = new ServerSockets();
    const [connected, connecting] = [sockets.open().connect(address), sockets.open().connect(address)];
    await once(connected, 'connect');
    sockets.close();
    for (const socket of [connected, connecting, sockets.open()]) expect(socket.destroyed).to.equal(true);
    server.close();
    await once(server, 'close');
  });
});
