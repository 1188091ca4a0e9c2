import { atEnd } from './at-end.js';
import { Child } from './child.js';
import { eventually } from './within.js';

/** How a server is started, and known to be there. */
export interface PrivateServerCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** On which it listens. */
  readonly port: number;
  /** Resolves to whether it serves; may fail while it does not. */
  readonly answers: () => Promise<boolean>;
  /** How long it may take until it does, in milliseconds; a minute where left out. */
  readonly patienceMs?: number;
}

/** A server of the tests' own that is no database: a test may freeze, kill and start it again. */
export class PrivateServer {
  readonly #command: PrivateServerCommand;
  #process: Child;

  private constructor(command: PrivateServerCommand) {
    this.#command = command;
    this.#process = this.#spawn();
  }

  /** Starts a server, and ends it after the last test. */
  static async start(command: PrivateServerCommand): Promise<PrivateServer> {
    const server = new PrivateServer(command);
    atEnd(() => server.kill());
    await server.#ready();
    return server;
  }

  get port(): number {
    return this.#command.port;
  }

  /** Freezes it and all that it has started: connections stay open, and nothing is answered until `thaw`. */
  freeze(): void {
    this.#process.signalGroup('SIGSTOP');
  }

  thaw(): void {
    this.#process.signalGroup('SIGCONT');
  }

  /** Ends it as `kill -9` does; its data stay. */
  async kill(): Promise<void> {
    this.#process.signalGroup('SIGKILL');
    await this.#process.exited;
  }

  /** Ends it in an orderly way; its data stay. */
  async stop(): Promise<void> {
    this.#process.signal('SIGTERM');
    await this.#process.exit(30_000);
  }

  /** Starts it again, on the same port and data. */
  async startAgain(): Promise<void> {
    this.#process = this.#spawn();
    await this.#ready();
  }

  #spawn(): Child {
    const { program, args, env } = this.#command;
    return new Child(program, args, { env: { ...process.env, ...env } });
  }

  async #ready(): Promise<void> {
    const { program, port, answers, patienceMs = 60_000 } = this.#command;
    const look = async (): Promise<boolean> => {
      if (!this.#process.isRunning) throw new Error(`${program} ended: ${this.#process.stderr.slice(-2000)}`);
      return await answers().catch(() => false);
    };
    await eventually(`${program} answers on port ${port}`, look, patienceMs);
  }
}
