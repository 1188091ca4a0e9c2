import { createClient } from 'redis';
import { atEnd } from './at-end.js';
import { Child } from './child.js';
import { declareMissing } from './extent.js';
import { findProgram } from './find-program.js';
import { freePort } from './free-port.js';
import { temporaryFolder } from './temporary-folder.js';
import { eventually } from './within.js';

const program = findProgram('redis-server');

/** Declares a suite that needs a Redis of its own; pending where redis-server is not installed. */
export function withRedis(name: string, suite: () => void): void {
  if (program !== undefined) describe(name, suite);
  else declareMissing(name, 'apt-get install redis-server', suite);
}

/** A Redis of the tests' own, on a free port and in a temporary folder, which a test may freeze, kill and start again. */
export class RedisServer {
  readonly port: number;
  readonly #args: readonly string[];
  #process: Child;

  private constructor(port: number, options: readonly string[]) {
    this.port = port;
    const own = ['--port', String(port), '--bind', '127.0.0.1', '--dir', temporaryFolder(), '--save', ''];
    // What was acknowledged outlives `kill -9`, though not a power cut.
    this.#args = [...own, '--appendonly', 'yes', '--appendfsync', 'everysec', ...options];
    this.#process = this.#spawn();
  }

  /** Starts a server, with further options of its program where given, and ends it after the last test. */
  static async start(...options: string[]): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), options);
    atEnd(() => server.stop());
    await server.ready();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Connections stay open, and nothing is answered until `thaw`. */
  freeze(): void {
    this.#process.signal('SIGSTOP');
  }

  thaw(): void {
    this.#process.signal('SIGCONT');
  }

  /** Ends the server as `kill -9` does; its data stay. */
  async stop(): Promise<void> {
    await this.#process.kill();
  }

  /** Starts it again, on the same port and data. */
  async restart(): Promise<void> {
    await this.stop();
    this.#process = this.#spawn();
    await this.ready();
  }

  /** Sends a command on a connection of its own; returns the reply. */
  async command(...args: readonly string[]): Promise<unknown> {
    const client = await createClient({ url: this.url, RESP: 2, socket: { reconnectStrategy: false } })
      .on('error', () => undefined)
      .connect();
    try {
      return await client.sendCommand([...args]);
    } finally {
      client.destroy();
    }
  }

  /** Returns the entries of a stream, oldest first, each with its fields. */
  async entries(stream: string): Promise<readonly Readonly<Record<string, string>>[]> {
    const found = (await this.command('XRANGE', stream, '-', '+')) as [id: string, fields: string[]][];
    return found.map(([, fields]) =>
      Object.fromEntries(fields.flatMap((name, i) => (i % 2 === 0 ? [[name, fields[i + 1] ?? '']] : []))),
    );
  }

  async ready(): Promise<void> {
    const answers = (): Promise<boolean> =>
      this.command('PING').then(
        () => true,
        (error: unknown) => /NOAUTH/.test(String(error)),
      );
    await eventually(`redis-server answers on port ${this.port}`, answers, 30_000);
  }

  #spawn(): Child {
    return new Child(program ?? 'redis-server', this.#args);
  }
}
