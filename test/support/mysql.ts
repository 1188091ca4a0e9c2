import { execFile } from 'node:child_process';
import { cp, rm } from 'node:fs/promises';
import { existsSync, realpathSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { DatabaseServer } from './database-server.js';
import { findProgram } from './find-program.js';
import { freePort } from './free-port.js';
import type { ServerKind } from './server-kind.js';
import { temporaryFolder } from './temporary-folder.js';

const daemon = process.env['CHAINPARSE_TEST_MYSQLD'] ?? unpackedProgram() ?? installedProgram();

/** MySQL, where it is unpacked or installed. */
export const mysql: ServerKind = {
  name: 'mysql',
  canStart: daemon !== undefined,
  howToGet: 'run .ci/get-mysql, or set CHAINPARSE_TEST_MYSQLD to the mysqld of a MySQL',
  start: (...options) => startIn({}, ...options),
  startIn,
};

/** What `.ci/get-mysql` leaves. */
function unpackedProgram(): string | undefined {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const path = join(cache, 'chainparse-tests/mysql/mysqld');
  return existsSync(path) ? path : undefined;
}

/** An installed MySQL: of that name there is often a MariaDB. */
function installedProgram(): string | undefined {
  const path = findProgram('mysqld');
  return path === undefined || /mariadb/i.test(realpathSync(path)) ? undefined : path;
}

async function startIn(env: NodeJS.ProcessEnv, ...options: string[]): Promise<DatabaseServer> {
  if (daemon === undefined) throw new Error(mysql.howToGet);
  empty ??= makeEmpty(daemon);
  const folder = temporaryFolder();
  await cp(await empty, join(folder, 'data'), { recursive: true });
  const port = await freePort();
  const args = [...serverArgs(folder, port), ...options];
  return DatabaseServer.start({ program: daemon, args, env: { ...process.env, ...env, TMPDIR: folder }, port });
}

/** A data folder as a server begins with it: to make one takes longer than to copy it. */
let empty: Promise<string> | undefined;

async function makeEmpty(program: string): Promise<string> {
  const made = join(dirname(program), 'empty');
  if (existsSync(made)) return made;
  const folder = join(temporaryFolder(), 'empty');
  await promisify(execFile)(program, [...storageArgs(folder), '--initialize-insecure']);
  // The server's identity is its own: each copy makes another.
  await rm(join(folder, 'auto.cnf'));
  return folder;
}

function storageArgs(dataFolder: string): string[] {
  return [
    '--no-defaults',
    `--user=${userInfo().username}`,
    `--datadir=${dataFolder}`,
    '--innodb-buffer-pool-size=64M',
    '--innodb-redo-log-capacity=32M',
    // Survives `kill -9` of the server, though not a power cut, and spares each commit the disk.
    '--innodb-flush-log-at-trx-commit=2',
    '--innodb-flush-method=nosync',
    '--innodb-doublewrite=OFF',
  ];
}

function serverArgs(folder: string, port: number): string[] {
  return [
    ...storageArgs(join(folder, 'data')),
    `--socket=${join(folder, 'socket')}`,
    `--pid-file=${join(folder, 'pid')}`,
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    '--mysqlx=OFF',
    '--skip-log-bin',
    '--performance-schema=OFF',
    '--secure-file-priv=NULL',
  ];
}
