import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { atEnd } from './at-end.js';

/** Which way the bytes go: from the client to the server, or back. */
export type Direction = 'requests' | 'answers';

/** A TCP proxy on 127.0.0.1 that can do to a connection what networks do. */
export class TcpProxy {
  readonly #server: Server;
  #target: { readonly host: string; readonly port: number };
  readonly #sockets = new Set<Socket>();
  readonly #frozen = new Set<Direction>();
  readonly #wakeFrozen: (() => void)[] = [];
  #isCut = false;
  #delayMs = 0;

  private constructor(target: { readonly host: string; readonly port: number }) {
    this.#target = target;
    this.#server = createServer((client) => this.#accept(client));
  }

  /** Starts a proxy in front of `host:port`. */
  static async start(port: number, host = '127.0.0.1'): Promise<TcpProxy> {
    const proxy = new TcpProxy({ host, port });
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    atEnd(() => proxy.close());
    return proxy;
  }

  /** Starts a proxy in front of the server that a URL names, and returns it with the URL that leads through it. */
  static async before(url: string): Promise<{ proxy: TcpProxy; url: string }> {
    const through = new URL(url);
    const proxy = await TcpProxy.start(Number(through.port), through.hostname);
    through.port = String(proxy.port);
    through.hostname = '127.0.0.1';
    return { proxy, url: through.href };
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Has the server that a URL names answer from now on; the connections of the moment are reset. */
  lead(url: string): void {
    const { hostname, port } = new URL(url);
    this.#target = { host: hostname, port: Number(port) };
    this.reset();
  }

  /** How many clients are connected. */
  get connections(): number {
    return this.#sockets.size / 2;
  }

  /** Resets (RST) the connections of the moment; new ones get through. */
  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
    this.#thaw();
  }

  /** Resets (RST) the connections of the moment and every new one, until `resume`. */
  cut(): void {
    this.#isCut = true;
    this.reset();
  }

  /**
   * Goes half open: connections stay, new ones are accepted, and nothing is forwarded until `resume`, which then
   * forwards what was held back. `freeze('answers')` followed by `reset()` makes a commit whose answer is lost.
   */
  freeze(direction: Direction | 'both' = 'both'): void {
    if (direction !== 'answers') this.#frozen.add('requests');
    if (direction !== 'requests') this.#frozen.add('answers');
  }

  /** Holds each piece of data back for so many milliseconds, in both directions. */
  delay(durationMs: number): void {
    this.#delayMs = durationMs;
  }

  /** Ends every fault. */
  resume(): void {
    this.#isCut = false;
    this.#delayMs = 0;
    this.#frozen.clear();
    this.#thaw();
  }

  /** Ends the proxy and its connections; after that its port refuses. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    this.cut();
    await once(this.#server, 'close');
  }

  #accept(client: Socket): void {
    if (this.#isCut) {
      client.resetAndDestroy();
      return;
    }
    const server = connect(this.#target);
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true).on('error', () => undefined);
      socket.once('close', () => this.#sockets.delete(socket));
    }
    void this.#forward('requests', client, server);
    void this.#forward('answers', server, client);
  }

  async #forward(direction: Direction, from: Socket, to: Socket): Promise<void> {
    try {
      for await (const chunk of from) {
        await this.#hold(direction, from);
        if (!to.write(chunk as Buffer)) await Promise.race([once(to, 'drain'), once(to, 'close')]);
      }
      await this.#hold(direction, from);
      to.end();
    } catch {
      to.resetAndDestroy();
    }
  }

  async #hold(direction: Direction, from: Socket): Promise<void> {
    if (this.#delayMs > 0) await wait(this.#delayMs);
    while (this.#frozen.has(direction) && !from.destroyed) {
      await new Promise<void>((resolve) => this.#wakeFrozen.push(resolve));
    }
  }

  #thaw(): void {
    for (const wake of this.#wakeFrozen.splice(0)) wake();
  }
}
