import { createClient } from 'redis';
import { declareMissing } from './extent.js';
import { findProgram } from './find-program.js';
import { freePort } from './free-port.js';
import { PrivateServer } from './private-server.js';
import { temporaryFolder } from './temporary-folder.js';

const program = findProgram('redis-server');

/** Declares a suite that needs a Redis of its own; pending where redis-server is not installed. */
export function withRedis(name: string, suite: () => void): void {
  if (program !== undefined) describe(name, suite);
  else declareMissing(name, 'apt-get install redis-server', suite);
}

/** A Redis of the tests' own, on a free port and in a temporary folder, which a test may freeze, kill and start again. */
export class RedisServer {
  readonly #server: PrivateServer;

  private constructor(server: PrivateServer) {
    this.#server = server;
  }

  /** Starts a server, with further options of its program where given, and ends it after the last test. */
  static async start(...options: string[]): Promise<RedisServer> {
    const port = await freePort();
    const own = ['--port', String(port), '--bind', '127.0.0.1', '--dir', temporaryFolder(), '--save', ''];
    // What was acknowledged outlives `kill -9`: `everysec` puts writing off while a sync takes long, and answers all the same.
    const args = [...own, '--appendonly', 'yes', '--appendfsync', 'always', ...options];
    const answers = (): Promise<boolean> =>
      send(port, 'PING').then(
        () => true,
        (error: unknown) => /NOAUTH/.test(String(error)),
      );
    return new RedisServer(await PrivateServer.start({ program: program ?? 'redis-server', args, port, answers }));
  }

  get port(): number {
    return this.#server.port;
  }

  get url(): string {
    return urlOf(this.port);
  }

  /** Connections stay open, and nothing is answered until `thaw`. */
  freeze(): void {
    this.#server.freeze();
  }

  thaw(): void {
    this.#server.thaw();
  }

  /** Ends the server as `kill -9` does; its data stay. */
  async stop(): Promise<void> {
    await this.#server.kill();
  }

  /** Starts it again, on the same port and data. */
  async restart(): Promise<void> {
    await this.stop();
    await this.#server.startAgain();
  }

  /** Sends a command on a connection of its own; returns the reply. */
  async command(...args: readonly string[]): Promise<unknown> {
    return send(this.port, ...args);
  }

  /** Returns the entries of a stream, oldest first, each with its fields. */
  async entries(stream: string): Promise<readonly Readonly<Record<string, string>>[]> {
    const found = (await this.command('XRANGE', stream, '-', '+')) as [id: string, fields: string[]][];
    return found.map(([, fields]) =>
      Object.fromEntries(fields.flatMap((name, i) => (i % 2 === 0 ? [[name, fields[i + 1] ?? '']] : []))),
    );
  }
}

function urlOf(port: number): string {
  return `redis://127.0.0.1:${port}`;
}

async function send(port: number, ...args: readonly string[]): Promise<unknown> {
  const client = await createClient({ url: urlOf(port), RESP: 2, socket: { reconnectStrategy: false } })
    .on('error', () => undefined)
    .connect();
  try {
    return await client.sendCommand([...args]);
  } finally {
    client.destroy();
  }
}
