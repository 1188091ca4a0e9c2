import { atEnd } from './at-end.js';
import { awaitStopped } from './await-stopped.js';
import { Child } from './child.js';
import { childrenOf } from './process-tree.js';
import { execute } from './execute-sql.js';
import { eventually } from './within.js';

/** How a server is started. */
export interface ServerCommand {
  readonly program: string;
  readonly args: readonly string[];
  /** Of its first start alone. */
  readonly firstArgs?: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** On which it listens. */
  readonly port: number;
  /** Of its URLs; MySQL's where left out. */
  readonly scheme?: 'postgres';
  /** Whose process it is, where not this one's user's. */
  readonly account?: { readonly uid: number; readonly gid: number } | undefined;
}

/** A server of the tests' own in a temporary folder, which a test may freeze, kill and start again. */
export class DatabaseServer {
  readonly #command: ServerCommand;
  #process: Child;

  private constructor(command: ServerCommand) {
    this.#command = command;
    this.#process = this.#spawn(command.firstArgs);
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
    const { scheme, port } = this.#command;
    // PostgreSQL has no connection without a database.
    if (scheme === 'postgres') return `postgres://postgres@127.0.0.1:${port}/${database || 'postgres'}?sslmode=disable`;
    return `mysql://root@127.0.0.1:${port}/${database}`;
  }

  /** Waits until the server answers a query. */
  async ready(): Promise<void> {
    const { program, port } = this.#command;
    await eventually(`${program} answers on port ${port}`, () => this.#answers(), 60_000);
  }

  /** Freezes the server: connections stay open, and nothing is answered until `thaw`. */
  freeze(): void {
    this.#process.signal('SIGSTOP');
    // PostgreSQL has a process for each connection; a frozen server makes no more of them.
    for (const pid of childrenOf(this.pid)) {
      process.kill(pid, 'SIGSTOP');
      awaitStopped(pid);
    }
  }

  thaw(): void {
    this.#signalChildren('SIGCONT');
    this.#process.signal('SIGCONT');
  }

  /** Ends the server as `kill -9` does; its data stay. */
  async kill(): Promise<void> {
    this.#process.signal('SIGSTOP');
    this.#signalChildren('SIGKILL');
    await this.#process.kill();
  }

  /** Ends the server in an orderly way; its data stay. */
  async stop(): Promise<void> {
    this.thaw();
    // At SIGTERM PostgreSQL waits until its last client has gone.
    this.#process.signal(this.#command.scheme === 'postgres' ? 'SIGINT' : 'SIGTERM');
    await this.#process.exit(30_000).catch(() => this.kill());
  }

  /** Starts the server again, on the same port and data. */
  async restart(): Promise<void> {
    if (this.#process.isRunning) await this.stop();
    this.#process = this.#spawn();
    await this.ready();
  }

  #spawn(firstArgs: readonly string[] = []): Child {
    const { program, args, env, account } = this.#command;
    return new Child(program, [...args, ...firstArgs], { env, ...account });
  }

  #signalChildren(name: NodeJS.Signals): void {
    if (!this.#process.isRunning) return;
    for (const pid of childrenOf(this.pid)) {
      try {
        process.kill(pid, name);
      } catch {
        // It has ended meanwhile.
      }
    }
  }

  async #answers(): Promise<boolean> {
    if (!this.#process.isRunning) {
      throw new Error(`${this.#command.program} ended: ${this.#process.stderr.slice(-2000)}`);
    }
    try {
      await execute(this.url(), 'SELECT 1');
      return true;
    } catch {
      return false;
    }
  }
}
