import { execFile } from 'node:child_process';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DatabaseServer } from './database-server.js';
import { findProgram } from './find-program.js';
import { freePort } from './free-port.js';
import type { ServerKind } from './server-kind.js';
import { temporaryFolder } from './temporary-folder.js';

const daemon = findProgram('mariadbd');
const installer = findProgram('mariadb-install-db');

/** MariaDB, where it is installed. */
export const mariadb: ServerKind = {
  name: 'mariadb',
  canStart: daemon !== undefined && installer !== undefined,
  howToGet: 'install mariadb-server',
  start: (...options) => startIn({}, ...options),
  startIn,
};

async function startIn(env: NodeJS.ProcessEnv, ...options: string[]): Promise<DatabaseServer> {
  const folder = temporaryFolder();
  const user = `--user=${userInfo().username}`;
  // A server that starts removes every server's temporary tables from the folder that they share.
  const own = { ...process.env, ...env, TMPDIR: folder };
  await install(join(folder, 'data'), user, own);
  const port = await freePort();
  const args = [...serverArgs(folder, port), user, ...options];
  return DatabaseServer.start({ program: daemon ?? 'mariadbd', args, env: own, port });
}

async function install(dataFolder: string, user: string, env: NodeJS.ProcessEnv): Promise<void> {
  if (installer === undefined) throw new Error('mariadb-install-db is not installed');
  const options = ['--auth-root-authentication-method=normal', '--skip-test-db', '--skip-name-resolve'];
  await promisify(execFile)(installer, ['--no-defaults', ...options, `--datadir=${dataFolder}`, user], { env });
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
    '--loose-innodb-flush-method=nosync',
  ];
}
