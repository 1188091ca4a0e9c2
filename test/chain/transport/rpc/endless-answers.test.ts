import type { Duplex } from 'node:stream';
import { gzipSync } from 'node:zlib';
import type { ServerResponse } from 'node:http';
import { expect } from 'chai';
import { JsonRpcEndpoint } from '../../../../src/chain/transport/rpc/json-rpc.js';
import { systemClock } from '../../../../src/runtime/clock.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { RawServer } from '../../../support/raw-server.js';
import { eventually } from '../../../support/within.js';
import { rejectionOf } from '../../../support/rejection.js';
import { RpcError } from '../../../../src/chain/transport/errors/rpc-error.js';

const signal = new AbortController().signal;
const megabyte = 2 ** 20;
/** The most that lies in the buffers of sockets, in bytes. */
const onTheWay = 16 * megabyte;
const blanks = Buffer.alloc(megabyte, ' ');

describe('an answer without end', () => {
  let server: RawServer;
  let endpoint: JsonRpcEndpoint | null = null;
  /** Bytes that the server has got rid of. */
  let sent = 0;
  /** Writes a megabyte after the other until nobody takes more. */
  const pour = (stream: ServerResponse | Duplex, piece: Buffer): void => {
    stream.on('error', () => undefined);
    const next = (): void => {
      if (stream.destroyed) return;
      stream.write(piece, (error) => {
        if (error) return;
        sent += piece.length;
        next();
      });
    };
    next();
  };
  const call = (url: string, clock = systemClock): Promise<unknown> => {
    endpoint = new JsonRpcEndpoint({ url, clock });
    return endpoint.call('eth_blockNumber', [], signal);
  };

  beforeEach(() => (sent = 0));
  afterEach(async () => {
    await endpoint?.close();
    await server.stop();
  });

  it('is given up at 64 MB over HTTP', async () => {
    server = await RawServer.start({ http: (_request, response) => pour(response, blanks) });
    const error = await rejectionOf(call(server.url), RpcError);
    expect(error).to.include({ class: 'response-too-large', lostConnection: false });
    expect(error.message).to.match(/the answer is larger than 64 MB$/);
    await eventually('the connection is closed', () => server.closed === 1);
    expect(sent).to.be.within(64 * megabyte - onTheWay, 64 * megabyte + onTheWay);
  });

  it('is not read at all where the server says how long it is', async () => {
    server = await RawServer.start({
      http: (_request, response) => {
        response.writeHead(200, { 'content-length': 65 * megabyte });
        pour(response, blanks);
      },
    });
    expect(await rejectionOf(call(server.url), RpcError)).to.include({ class: 'response-too-large' });
    await eventually('the connection is closed', () => server.closed === 1);
    expect(sent).to.be.lessThan(onTheWay);
  });

  it('is not unpacked: nothing packed was asked for', async () => {
    const bomb = gzipSync(Buffer.alloc(100 * megabyte, ' '));
    let accepted: string | undefined;
    server = await RawServer.start({
      http: (request, response) => {
        accepted = request.headers['accept-encoding'];
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);
      },
    });
    const error = await rejectionOf(call(server.url), RpcError);
    expect(error).to.include({ class: 'malformed' });
    expect(error.message).to.match(/the answer is packed \(gzip\), which was not asked for$/);
    expect(accepted).to.equal('identity');
  });

  it('is read where its encoding is named as none, in whichever case, or an empty name', async () => {
    for (const encoding of ['Identity', '']) {
      const body = '{"jsonrpc":"2.0","id":1,"result":"0x7"}';
      server = await RawServer.start({
        http: (_request, response) => response.writeHead(200, { 'content-encoding': encoding }).end(body),
      });
      expect(await call(server.url)).to.equal('0x7');
      if (encoding !== '') await Promise.all([endpoint?.close(), server.stop()]);
    }
  });

  it('is given up at its beginning over a WebSocket, where a message says how long it is', async () => {
    server = await RawServer.start({
      socket: (socket) => {
        socket.write(Buffer.from([0x81, 127, 0, 0, 0, 0, 0x48, 0, 0, 0]));
        pour(socket, blanks);
      },
    });
    expect(await rejectionOf(call(server.wsUrl), RpcError)).to.include({ class: 'response-too-large' });
    await eventually('the connection is closed', () => server.closed === 1);
    expect(sent).to.be.lessThan(onTheWay);
  });

  it('is given up at 64 MB over a WebSocket, where it comes in fragments', async () => {
    // The first says that it is a text, those behind it that they go on with it; none is the last.
    const header = [127, 0, 0, 0, 0, 0, 0x10, 0, 0];
    server = await RawServer.start({
      socket: (socket) => {
        socket.write(Buffer.concat([Buffer.from([0x01, ...header]), blanks]));
        pour(socket, Buffer.concat([Buffer.from([0x00, ...header]), blanks]));
      },
    });
    expect(await rejectionOf(call(server.wsUrl), RpcError)).to.include({ class: 'response-too-large' });
    await eventually('the connection is closed', () => server.closed === 1);
    expect(sent).to.be.within(64 * megabyte - onTheWay, 64 * megabyte + onTheWay);
  });

  it('is not unpacked over a WebSocket either', async () => {
    // A text whose first bit says that it is packed.
    server = await RawServer.start({ socket: (socket) => socket.write(Buffer.from([0xc1, 1, 0])) });
    expect(await rejectionOf(call(server.wsUrl), RpcError)).to.include({ class: 'transport' });
  });

  for (const [what, dribble] of [
    ['its headers', 'HTTP/1.1 200 OK\r\n'],
    ['the bytes of its body', 'HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{'],
  ] as const) {
    it(`takes no longer than the time limit in all, however steadily ${what} dribble in over HTTP`, async () => {
      const clock = new FakeClock();
      let socket: Duplex | null = null;
      server = await RawServer.start({ http: (request) => (socket = request.socket).write(dribble) });
      const failure = rejectionOf(call(server.url, clock), RpcError);
      await eventually('the call has arrived', () => socket !== null);
      for (let second = 0; second < 30; second++) {
        socket!.write(what === 'the bytes of its body' ? ' ' : 'x');
        await clock.advance(1_000);
      }
      expect(await failure).to.include({ class: 'timeout', lostConnection: true });
      await eventually('the connection is closed', () => server.closed === 1);
    });
  }

  it('takes no longer than the time limit in all over a WebSocket, and does not hold up the next call', async () => {
    const clock = new FakeClock();
    const sockets: Duplex[] = [];
    server = await RawServer.start({
      socket: (socket) => {
        sockets.push(socket);
        socket.write(sockets.length === 1 ? Buffer.from([0x81, 100, 0x7b]) : frameOf('{"id":2,"result":"0x5"}'));
      },
    });
    const failure = rejectionOf(call(server.wsUrl, clock), RpcError);
    await eventually('the call has arrived', () => sockets.length === 1);
    for (let second = 0; second < 30; second++) {
      const { bytesWritten } = sockets[0] as unknown as { readonly bytesWritten: number };
      sockets[0]!.write(' ');
      expect(bytesWritten).to.be.greaterThan(0);
      // It comes over a real connection.
      await new Promise((resolve) => setTimeout(resolve, 5));
      await clock.advance(1_000);
    }
    expect(await failure).to.include({ class: 'timeout' });
    expect(await endpoint!.call('eth_blockNumber', [], signal)).to.equal('0x5');
    expect(sockets).to.have.length(2);
  });
});

function frameOf(text: string): Buffer {
  return Buffer.concat([Buffer.from([0x81, text.length]), Buffer.from(text)]);
}
