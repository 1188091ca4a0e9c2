import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { expect } from 'chai';
import { limitConnections } from '../../src/runtime/limit-connections.js';
import { eventually } from '../support/within.js';

/** A connection from an address of this computer. */
class Client {
  text = '';
  readonly socket: Socket;

  constructor(port: number, localAddress: string) {
    this.socket = connect({ host: '127.0.0.1', port, localAddress });
    this.socket.setEncoding('utf8').on('data', (part: string) => (this.text += part));
    this.socket.on('error', () => undefined);
  }

  /** Sends a request, or a part of one. */
  send(method: string, path: string, rest = '\r\n'): this {
    this.socket.write(`${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${rest}`);
    return this;
  }

  get isOpen(): boolean {
    return !this.socket.destroyed;
  }
}

describe('the limits of connections', () => {
  let server: Server;
  const clients: Client[] = [];
  /** What was asked, in that order. */
  let asked: string[];

  beforeEach(async () => {
    asked = [];
    server = createServer(answer);
    limitConnections(server, { most: 5, mostOfOne: 3 });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(() => {
    for (const { socket } of clients.splice(0)) socket.destroy();
    server.closeAllConnections();
    server.close();
  });

  /** Nothing that is asked for under /slow is ever answered. */
  function answer({ url = '' }: IncomingMessage, response: ServerResponse): void {
    asked.push(url);
    if (!url.startsWith('/slow')) response.end('well');
  }

  /** Opens a connection that the server has taken. */
  async function open(address = '127.0.0.1'): Promise<Client> {
    const taken = once(server, 'connection');
    const client = new Client((server.address() as AddressInfo).port, address);
    clients.push(client);
    await taken;
    return client;
  }

  async function wait(path: string, address?: string): Promise<Client> {
    const client = (await open(address)).send('GET', path);
    await eventually(`${path} is asked for`, () => asked.includes(path));
    return client;
  }

  async function heard(client: Client): Promise<void> {
    client.send('GET', '/healthz');
    await eventually('it is answered', () => client.text.endsWith('well'));
    client.text = '';
  }
  const closed = (client: Client): Promise<boolean> => eventually('it is closed', () => !client.isOpen);

  it('close of one address what has been quiet longest, for one that is new', async () => {
    const [first, second, third] = [await open(), await open(), await open()];
    await heard(first);
    const fourth = await open();
    await closed(second);
    await heard(fourth);
    expect([first, third].map(({ isOpen }) => isOpen)).to.deep.equal([true, true]);
  });

  it('take no request for one that is not whole', async () => {
    const head = (await open()).send('GET', '/slow', 'X-A: ');
    const body = (await open()).send('POST', '/slow/body', 'Content-Length: 5\r\n\r\nab');
    await eventually('the body is waited for', () => asked.includes('/slow/body'));
    const waiting = await wait('/slow/whole');
    await heard(await open());
    await closed(head);
    await heard(await open());
    await closed(body);
    expect(waiting.isOpen).to.equal(true);
  });

  it('leave alone who waits for an answer, and refuse the new one where all do', async () => {
    const waiting = [await wait('/slow/1'), await wait('/slow/2'), await wait('/slow/3')];
    await closed(await open());
    await heard(await open('127.0.0.2'));
    expect(waiting.every(({ isOpen }) => isOpen)).to.equal(true);
  });

  it('give a place of the address that has most to another one, where there is none in all', async () => {
    const many = [await open('127.0.0.2'), await open('127.0.0.2'), await open('127.0.0.2')];
    const few = [await open('127.0.0.3'), await open('127.0.0.3')];
    await heard(await open());
    await eventually('one of the many is closed', () => many.filter(({ isOpen }) => isOpen).length === 2);
    expect(few.every(({ isOpen }) => isOpen)).to.equal(true);
  });

  it('count a connection until it is closed', async () => {
    const [first, second] = [await open(), await open()];
    for (const { socket } of [first, second]) socket.destroy();
    await eventually(
      'both are gone',
      () => new Promise<boolean>((resolve) => server.getConnections((_e, n) => resolve(n === 0))),
    );
    const three = [await open(), await open(), await open()];
    for (const client of three) await heard(client);
    expect(three.every(({ isOpen }) => isOpen)).to.equal(true);
  });
});
