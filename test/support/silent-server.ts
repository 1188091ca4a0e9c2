import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { atEnd } from './at-end.js';

/** A server on 127.0.0.1 that accepts connections, and never says anything. */
export class SilentServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor() {
    this.#server = createServer((socket) => this.#sockets.add(socket.on('error', () => undefined).resume()));
  }

  /** Starts one, and ends it after the last test. */
  static async start(): Promise<SilentServer> {
    const silent = new SilentServer();
    silent.#server.listen(0, '127.0.0.1');
    await once(silent.#server, 'listening');
    atEnd(() => silent.#stop());
    return silent;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** How many connections it has accepted. */
  get accepted(): number {
    return this.#sockets.size;
  }

  #stop(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}
