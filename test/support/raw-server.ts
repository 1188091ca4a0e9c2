import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** What is done with each HTTP request, and with each WebSocket once it is open and something has come over it. */
interface Behaviour {
  readonly http?: (request: IncomingMessage, response: ServerResponse) => void;
  readonly socket?: (socket: Duplex) => void;
}

/** A server on 127.0.0.1 that sends what no JSON-RPC server should. */
export class RawServer {
  /** How many connections have ended. */
  closed = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.closed++);
      socket.on('error', () => undefined);
    });
  }

  static async start({ http, socket: served }: Behaviour): Promise<RawServer> {
    const server = createServer((request, response) => {
      request.resume();
      http?.(request, response);
    });
    server.on('upgrade', (request, socket) => {
      socket.write(acceptance(request));
      socket.once('data', () => served?.(socket));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new RawServer(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get wsUrl(): string {
    return this.url.replace('http', 'ws');
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

/** The answer that opens a WebSocket (RFC 6455, 4.2.2). */
function acceptance({ headers }: IncomingMessage): string {
  const key = `${headers['sec-websocket-key'] ?? ''}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const accept = createHash('sha1').update(key).digest('base64');
  const lines = ['HTTP/1.1 101 Switching Protocols', 'upgrade: websocket', 'connection: upgrade'];
  return `${[...lines, `sec-websocket-accept: ${accept}`].join('\r\n')}\r\n\r\n`;
}
