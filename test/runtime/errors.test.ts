import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:tls';
import { expect } from 'chai';
import { messageOf } from '../../src/runtime/errors.js';

describe('the message of an error', () => {
  it('says in words that TLS failed, and holds no line of the sources of OpenSSL', async () => {
    const server = createServer((socket) =>
      socket.on('error', () => undefined).end('HTTP/1.1 400 Bad Request\r\n\r\n'),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const socket = connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
    const failed = new Promise((resolve) => socket.on('error', resolve));
    // What is written before the handshake is over fails with it.
    socket.write('x');
    expect(messageOf(await failed)).to.equal('TLS failed: wrong version number');
    server.close();
  });

  it('is the code where Node has no words', () => {
    expect(messageOf(Object.assign(new Error(''), { code: 'ECONNREFUSED' }))).to.equal('ECONNREFUSED');
    expect(messageOf('no error')).to.equal('no error');
  });
});
