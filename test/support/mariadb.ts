import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { createConnection } from 'mysql2/promise';
import { atEnd } from './at-end.js';
import { Child } from './child.js';
import { freePort } from './free-port.js';
import { temporaryFolder } from './temporary-folder.js';
import { eventually } from './within.js';

/** The path of an installed program; undefined where there is none. Daemons are often outside a user's PATH. */
function findProgram(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

const daemon = findProgram('mariadbd');
const installer = findProgram('mariadb-install-db');

/** Says whether this machine has what a private MariaDB needs. */
export const hasMariadb = daemon !== undefined && installer !== undefined;

/** A MariaDB of the tests' own in a temporary folder, which a test may freeze, kill and start again. */
export class MariadbServer {
  readonly port: number;
  readonly #args: readonly string[];
  readonly #env: NodeJS.ProcessEnv;
  #process: Child;

  private constructor(port: number, args: readonly string[], env: NodeJS.ProcessEnv) {
    this.port = port;
    this.#args = args;
    this.#env = { ...process.env, ...env };
    this.#process = this.#spawn();
  }

  /** Makes an empty data folder and starts a server on it, with further options of mariadbd where given. */
  static async start(...options: string[]): Promise<MariadbServer> {
    return await MariadbServer.startIn({}, ...options);
  }

  /** The same, with more in the server's environment. */
  static async startIn(env: NodeJS.ProcessEnv, ...options: string[]): Promise<MariadbServer> {
    const folder = temporaryFolder();
    const user = `--user=${userInfo().username}`;
    // A server that starts removes every server's temporary tables from the folder that they share.
    const own = { ...env, TMPDIR: folder };
    await install(join(folder, 'data'), user, own);
    const port = await freePort();
    const server = new MariadbServer(port, [...serverArgs(folder, port), user, ...options], own);
    atEnd(() => server.stop());
    await server.ready();
    return server;
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** The URL of a database of this server; of the server itself where none is named. */
  url(database = ''): string {
    return `mysql://root@127.0.0.1:${this.port}/${database}`;
  }

  /** Waits until the server answers a query. */
  async ready(): Promise<void> {
    await eventually(`mariadbd answers on port ${this.port}`, () => this.#answers(), 60_000);
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
    return new Child(daemon ?? 'mariadbd', this.#args, { env: this.#env });
  }

  async #answers(): Promise<boolean> {
    if (!this.#process.isRunning) throw new Error(`mariadbd ended: ${this.#process.stderr.slice(-2000)}`);
    try {
      const connection = await createConnection({ uri: this.url(), connectTimeout: 1000 });
      await connection.end();
      return true;
    } catch {
      return false;
    }
  }
}

async function install(dataFolder: string, user: string, env: NodeJS.ProcessEnv): Promise<void> {
  if (installer === undefined) throw new Error('mariadb-install-db is not installed');
  const options = ['--auth-root-authentication-method=normal', '--skip-test-db', '--skip-name-resolve'];
  const args = ['--no-defaults', ...options, `--datadir=${dataFolder}`, user];
  await promisify(execFile)(installer, args, { env: { ...process.env, ...env } });
}

function serverArgs(folder: string, port: number): string[] {
  return [
    '--no-defaults',
    `--datadir=${join(folder, 'data')}`,
    `--socket=${join(folder, 'socket')}`,
    `--pid-file=${join(folder, 'pid')}`,
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    '--skip-name-resolve',
    '--skip-log-bin',
    '--innodb-buffer-pool-size=64M',
    // Survives `kill -9` of the server, though not a power cut, and spares each commit the disk.
    '--innodb-flush-log-at-trx-commit=2',
  ];
}
