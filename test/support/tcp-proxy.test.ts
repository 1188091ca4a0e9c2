import { expect } from 'chai';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { TcpProxy } from './tcp-proxy.js';
import { eventually } from './within.js';

describe('the TCP proxy', () => {
  let server: Server;
  let proxy: TcpProxy;
  let heard = '';

  before(async () => {
    server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (data) => {
        heard += data.toString();
        socket.write(`<${data.toString()}>`);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    proxy = await TcpProxy.start((server.address() as AddressInfo).port);
  });
  after(async () => {
    await proxy.close();
    server.close();
  });
  beforeEach(() => {
    heard = '';
  });
  afterEach(() => proxy.resume());

  const open = async (): Promise<Socket> => {
    const socket = connect(proxy.port, '127.0.0.1').setEncoding('utf8');
    await once(socket, 'connect');
    return socket;
  };
  const failure = async (socket: Socket): Promise<string | undefined> =>
    ((await once(socket, 'error'))[0] as NodeJS.ErrnoException).code;

  it('forwards both ways', async () => {
    const socket = await open();
    socket.write('hello');
    expect(await once(socket, 'data')).to.deep.equal(['<hello>']);
    socket.end();
    await once(socket, 'end');
  });

  it('resets the connections of the moment alone', async () => {
    const socket = await open();
    await eventually('the proxy has accepted', () => proxy.connections === 1);
    proxy.reset();
    expect(await failure(socket)).to.equal('ECONNRESET');
    const next = await open();
    next.write('again');
    expect(await once(next, 'data')).to.deep.equal(['<again>']);
    next.destroy();
  });

  it('resets new connections too while it is cut', async () => {
    proxy.cut();
    const socket = connect(proxy.port, '127.0.0.1');
    expect(await failure(socket)).to.equal('ECONNRESET');
  });

  it('accepts and forwards nothing while it is frozen, and then what it held back', async () => {
    proxy.freeze();
    const socket = await open();
    let answer = '';
    socket.on('data', (text: string) => (answer += text));
    socket.write('hello');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([heard, answer]).to.deep.equal(['', '']);
    proxy.resume();
    await eventually('the answer is there', () => answer === '<hello>');
    socket.destroy();
  });

  it('lets a request through and loses its answer', async () => {
    const socket = await open();
    proxy.freeze('answers');
    socket.write('commit');
    await eventually('the server has heard it', () => heard === 'commit');
    const failed = failure(socket);
    proxy.reset();
    expect(await failed).to.equal('ECONNRESET');
  });

  it('delays', async () => {
    proxy.delay(60);
    const socket = await open();
    const start = performance.now();
    socket.write('slow');
    await once(socket, 'data');
    expect(performance.now() - start).to.be.greaterThan(115);
    socket.destroy();
  });

  it('refuses once it is closed', async () => {
    const closed = await TcpProxy.start(1);
    const { port } = closed;
    await closed.close();
    expect(await failure(connect(port, '127.0.0.1'))).to.equal('ECONNREFUSED');
  });
});
