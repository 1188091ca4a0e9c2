import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const installTimeoutMs = 600_000;

/** A peer that can't be had here; its message says why. */
export class NotInstalledError extends Error {}

/** Returns the folder of a template whose packages npm has installed, in the user's cache: once for each set of versions. */
export async function installed(name: string): Promise<string> {
  const template = fileURLToPath(new URL(`templates/${name}`, import.meta.url));
  const versions = createHash('sha256')
    .update(readFileSync(join(template, 'package.json')))
    .digest('hex')
    .slice(0, 12);
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'chainparse-peers');
  const folder = join(cache, `${name}-${versions}`);
  if (!existsSync(folder)) await install(template, folder);
  cpSync(template, folder, { recursive: true });
  return folder;
}

/** A folder that exists is whole. */
async function install(template: string, folder: string): Promise<void> {
  const begun = `${folder}.begun`;
  rmSync(begun, { recursive: true, force: true });
  mkdirSync(begun, { recursive: true });
  cpSync(template, begun, { recursive: true });
  console.log(`      installing ${folder}`);
  const retries = ['--fetch-retries=1', '--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=5000'];
  await runTool('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', ...retries], begun, {});
  renameSync(begun, folder);
}

/** Runs a program of an installation to its end; throws a NotInstalledError with what it said last. */
export async function runTool(
  program: string,
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const options = { cwd, env: { ...process.env, ...env }, timeout: installTimeoutMs, maxBuffer: 1e8 };
  await promisify(execFile)(program, args, options).catch((error: unknown) => {
    const { stderr = '', stdout = '' } = error as { stderr?: string; stdout?: string };
    const said = (stderr.trim() || stdout.trim()).split('\n').slice(0, 3).join(' ');
    throw new NotInstalledError(`${basename(program)} ${args[0] ?? ''}: ${said}`, { cause: error });
  });
}
