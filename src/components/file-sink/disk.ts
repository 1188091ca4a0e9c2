import { randomBytes } from 'node:crypto';
import { open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../runtime/errors.js';
import { ReceiverAwayError } from '../seam/delivery-errors.js';

/** Does something with files below a path; what goes wrong is told in one line, and tried again. */
export async function onDisk<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    // The rest of Node's message names a path of ours, and the call.
    const reason = /^[A-Z0-9]+: ([^,]+)/.exec(messageOf(error))?.[1] ?? messageOf(error);
    throw new ReceiverAwayError(`${path} can't be written: ${reason}`, { cause: error, hint: hints[code] });
  }
}

const hints: Readonly<Record<string, string>> = {
  ENOSPC: 'make room, and it goes on by itself',
  EDQUOT: 'make room, and it goes on by itself',
  EACCES: 'give this user the right to write there, and it goes on by itself',
  EPERM: 'give this user the right to write there, and it goes on by itself',
  EROFS: 'it is mounted for reading only',
  EEXIST: 'something that is no folder is in its way',
  ENOTDIR: 'something that is no folder is in its way',
  ENOENT: 'is its volume away? It goes on by itself once the folder is back',
  EISDIR: 'a folder there has the name of one of its files',
};

/** Has what happened to the names in a folder survive a power cut. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Returns the path of a file that is about to be made by who came with a claim. */
export function unfinishedPath(folder: string, claim: number): string {
  return join(folder, `.chainparse-${claim}-${randomBytes(8).toString('hex')}.tmp`);
}

/**
 * Removes files that were being made by those who came with a claim or before: whoever still was to finish one finds it gone.
 * One who comes late does so to nobody behind him.
 */
export async function removeUnfinished(folder: string, claim: number): Promise<void> {
  for (const name of await readdir(folder)) {
    const by = /^\.chainparse-(\d+)-[0-9a-f]+\.tmp$/.exec(name)?.[1];
    if (by !== undefined && Number(by) <= claim) await rm(join(folder, name), { force: true });
  }
}
