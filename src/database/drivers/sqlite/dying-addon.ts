import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { versions } from 'node:process';
import { RuntimeFailure } from '../../../runtime/errors.js';

/** Of better-sqlite3, where npm builds it, or puts what was built. */
const addon = 'better-sqlite3/build/Release/better_sqlite3.node';

/** A function of Node's that an addon calls where it was compiled with headers that have the fault. */
const markOfFault = 'RemoveEnvironmentCleanupHook';

/**
 * Throws a RuntimeFailure where SQLite's addon would end this process sooner or later: compiled with the headers of Node 24.19 or newer, it
 * has Node 24 abort when it collects a statement that is used no more (https://github.com/nodejs/node/issues/65446). What its
 * makers have compiled is older. `version` is Node's, `read` gives the addon's bytes.
 */
export function refuseDyingAddon(label: string, version = versions.node, read = readAddon): void {
  if (!version.startsWith('24.') || !read().includes(markOfFault)) return;
  throw new RuntimeFailure(
    `the database ${label} can't be opened: ${addon} was compiled with headers of Node 24.19 or newer, and would end this process at any time`,
    {
      hint: 'use Node 20 or 22, or build it under Node 24.18 (npm rebuild better-sqlite3): newer ones take that build',
    },
  );
}

function readAddon(): Buffer {
  try {
    return readFileSync(createRequire(import.meta.url).resolve(addon));
  } catch {
    // That there is none is told where it is loaded.
    return Buffer.alloc(0);
  }
}
