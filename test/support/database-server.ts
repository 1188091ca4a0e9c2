import { createConnection } from 'mysql2/promise';
import { atEnd } from './at-end.js';
import { Child } from './child.js';
import { eventually } from './within.js';

/** How a server is started. */
export interface ServerCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** On which it listens. */
  readonly port: number;
}

/** A server of the tests' own in a temporary folder, which a test may freeze, kill and start again. */
export class DatabaseServer {
  readonly #command: ServerCommand;
  #process: Child;

  private constructor(command: ServerCommand) {
    this.#command = command;
    this.#process = this.#spawn();
  }

  /** Starts a server, and ends it after the last test. */
  static async start(command: ServerCommand): Promise<DatabaseServer> {
    const server = new DatabaseServer(command);
    atEnd(() => server.stop());
    await server.ready();
    return server;
  }

  get port(): number {
    return this.#command.port;
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** The URL of a database of this server; of the server itself where none is named. */
  url(database = ''): string {
    return `mysql://root@127.0.0.1:${this.#command.port}/${database}`;
  }

  /** Waits until the server answers a query. */
  async ready(): Promise<void> {
    const { program, port } = this.#command;
    await eventually(`${program} answers on port ${port}`, () => this.#answers(), 60_000);
  }

  /** Freezes the server: connections stay open, and nothing is answered until `thaw`. */
  freeze(): void {
    this.#process.signal('SIGSTOP');
  }

  thaw(): void {
    this.#process.signal('SIGCONT');
  }

  /** Ends the server as `kill -9` does; its data stay. */
  async kill(): Promise<void> {
    await this.#process.kill();
  }

  /** Ends the server in an orderly way; its data stay. */
  async stop(): Promise<void> {
    this.thaw();
    this.#process.signal('SIGTERM');
    await this.#process.exit(30_000).catch(() => this.#process.kill());
  }

  /** Starts the server again, on the same port and data. */
  async restart(): Promise<void> {
    if (this.#process.isRunning) await this.stop();
    this.#process = this.#spawn();
    await this.ready();
  }

  #spawn(): Child {
    const { program, args, env } = this.#command;
    return new Child(program, args, { env });
  }

  async #answers(): Promise<boolean> {
    if (!this.#process.isRunning) {
      throw new Error(`${this.#command.program} ended: ${this.#process.stderr.slice(-2000)}`);
    }
    try {
      const connection = await createConnection({ uri: this.url(), connectTimeout: 1000 });
      await connection.end();
      return true;
    } catch {
      return false;
    }
  }
}
