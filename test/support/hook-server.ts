import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { atEnd } from './at-end.js';

/** A request as it came. */
export interface Hooked {
  readonly headers: IncomingMessage['headers'];
  readonly path: string;
  readonly body: string;
  /** Of the connection on which it came: the same for as long as that stays open. */
  readonly port: number | undefined;
}

type Answer = (response: ServerResponse, request: Hooked) => void;

/** A web server that keeps what is POSTed to it, and answers as a test says: 200 where it says nothing. */
export class HookServer {
  readonly got: Hooked[] = [];
  /** How the next requests are answered, the last one for all that follow. */
  answer: Answer = (response) => void response.end();
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => undefined);
      request.on('end', () => {
        const { headers, url = '', socket } = request;
        const hooked = { headers, path: url, body: Buffer.concat(chunks).toString(), port: socket.remotePort };
        this.got.push(hooked);
        this.answer(response, hooked);
      });
    });
  }

  /** Starts a server on a port of its own, and ends it after the last test. */
  static async start(): Promise<HookServer> {
    const hook = new HookServer();
    await hook.listen(0);
    atEnd(() => hook.stop());
    return hook;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/hook`;
  }

  async listen(port: number): Promise<void> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  /** Forgets what came, and answers 200 again. */
  reset(): void {
    this.got.length = 0;
    this.answer = (response) => void response.end();
  }

  /** Answers with one status after the other, and then with 200. */
  answerWith(...statuses: readonly (number | readonly [number, Record<string, string>])[]): void {
    const left = [...statuses];
    this.answer = (response) => {
      const next = left.shift() ?? 200;
      const [status, headers] = typeof next === 'number' ? [next, {}] : next;
      response.writeHead(status, headers).end();
    };
  }

  /** Cuts all connections, and takes no more. */
  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
