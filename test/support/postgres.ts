import { execFile, execFileSync } from 'node:child_process';
import { chownSync, existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { DatabaseServer } from './database-server.js';
import { findProgram } from './find-program.js';
import { freePort } from './free-port.js';
import type { ServerKind } from './server-kind.js';
import { temporaryFolder } from './temporary-folder.js';

const programs = findPrograms();

/** PostgreSQL, where it is installed. */
export const postgres: ServerKind = {
  name: 'postgres',
  canStart: programs !== undefined,
  howToGet: 'install postgresql',
  start: (...options) => startIn({}, ...options),
  startIn,
};

/** The folder of the newest version that is installed; Debian's are outside every PATH. */
function findPrograms(): string | undefined {
  const versions = '/usr/lib/postgresql';
  const installed = existsSync(versions) ? readdirSync(versions) : [];
  const folders = installed.sort((a, b) => Number(b) - Number(a)).map((version) => join(versions, version, 'bin'));
  const inPath = findProgram('initdb');
  return [...folders, ...(inPath === undefined ? [] : [dirname(inPath)])].find((folder) =>
    ['initdb', 'postgres'].every((name) => existsSync(join(folder, name))),
  );
}

async function startIn(env: NodeJS.ProcessEnv, ...options: string[]): Promise<DatabaseServer> {
  if (programs === undefined) throw new Error(postgres.howToGet);
  const account = unprivileged();
  const folder = ownFolder(account);
  const data = join(folder, 'data');
  await promisify(execFile)('cp', ['-a', await (empty ??= makeEmpty(programs, account)), data]);
  const port = await freePort();
  return DatabaseServer.start({
    program: join(programs, 'postgres'),
    args: ['-D', data, ...settings(folder, port), ...options],
    env: { ...process.env, ...env, TMPDIR: folder },
    port,
    account,
    scheme: 'postgres',
  });
}

/** A primary and its standby. */
export interface PostgresPair {
  readonly primary: DatabaseServer;
  readonly standby: DatabaseServer;
}

/** Starts a primary and its standby, which has each commit before the primary calls it done, or some time later. */
export async function startPostgresPair(replication: 'synchronous' | 'asynchronous'): Promise<PostgresPair> {
  if (programs === undefined) throw new Error(postgres.howToGet);
  const primary = await startIn({}, '-c', `synchronous_standby_names=${replication === 'synchronous' ? '*' : ''}`);
  const account = unprivileged();
  const folder = ownFolder(account);
  const data = join(folder, 'data');
  const from = `host=127.0.0.1 port=${primary.port} user=postgres`;
  const copy = ['-D', data, '-d', from, '--checkpoint=fast', '--no-sync', '-R'];
  await promisify(execFile)(join(programs, 'pg_basebackup'), copy, { ...account, cwd: '/' });
  const port = await freePort();
  const standby = await DatabaseServer.start({
    program: join(programs, 'postgres'),
    args: ['-D', data, ...settings(folder, port)],
    env: { ...process.env, TMPDIR: folder },
    ...{ port, account, scheme: 'postgres' as const },
  });
  return { primary, standby };
}

/** Whose processes they are; undefined: this process's user, unless that is root, whom PostgreSQL refuses. */
interface Account {
  readonly uid: number;
  readonly gid: number;
}

function unprivileged(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const numbers = (name: string): number[] =>
    ['-u', '-g'].map((option) => Number(execFileSync('id', [option, name], { encoding: 'utf8', stdio: 'pipe' })));
  try {
    const [uid = 0, gid = 0] = numbers('postgres');
    return { uid, gid };
  } catch {
    const [uid = 0, gid = 0] = numbers('nobody');
    return { uid, gid };
  }
}

function ownFolder(account: Account | undefined): string {
  const folder = temporaryFolder();
  if (account !== undefined) chownSync(folder, account.uid, account.gid);
  return folder;
}

/** A data folder as a server begins with it: to make one takes longer than to copy it. */
let empty: Promise<string> | undefined;

async function makeEmpty(folder: string, account: Account | undefined): Promise<string> {
  const data = join(ownFolder(account), 'empty');
  const options = [
    '-A',
    'trust',
    '-U',
    'postgres',
    '--encoding=UTF8',
    '--locale=C.UTF-8',
    '--no-sync',
    '--no-instructions',
  ];
  // Where it stands its account may not look.
  await promisify(execFile)(join(folder, 'initdb'), ['-D', data, ...options], { ...account, cwd: '/' });
  return data;
}

function settings(folder: string, port: number): string[] {
  const values = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: folder,
    max_connections: 100,
    shared_buffers: '64MB',
    // Survives `kill -9` of the server, though not a power cut, and spares each commit the disk.
    fsync: 'off',
    full_page_writes: 'off',
  };
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}
