import { realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import type { Task } from '../model/task.js';
import { NotFoundError } from '../runtime/errors.js';
import { LogTail } from '../runtime/log-tail.js';
import type { ApiParts } from './api-parts.js';
import { ProblemError } from './problem.js';

/**
 * Opens a task's log at its last lines. The row says where it is, and other programs write rows: only files of the log
 * folder are read, none through a link that leads out of it. Throws NotFoundError, and a ProblemError for other paths.
 */
export async function openTaskLog(
  { cwd, settings }: Pick<ApiParts, 'cwd' | 'settings'>,
  task: Task,
  lines: number,
): Promise<LogTail> {
  if (task.logPath === null) throw new NotFoundError(`task ${task.id} has no log`);
  const path = await findInFolder(resolve(cwd, task.logPath), resolve(cwd, settings.logDir), task);
  // What can't be opened, for it is a link now or was never a path, is not there.
  const log = await LogTail.open(path, lines, { followsLinks: false }).catch(() => undefined);
  if (log === undefined) throw notHere(task);
  return log;
}

async function findInFolder(path: string, folder: string, task: Task): Promise<string> {
  const [realFolder, realParent] = await Promise.all([realpath(folder), realpath(dirname(path))]).catch(() => {
    throw notHere(task);
  });
  if (`${realParent}${sep}`.startsWith(`${realFolder}${sep}`)) return join(realParent, basename(path));
  throw new ProblemError(403, 'FORBIDDEN', `the log of task ${task.id} is outside of the log folder of this server`, {
    hint: "serve with the task's own --log-dir, or read it on its host: chainparse tasks log",
  });
}

function notHere(task: Task): NotFoundError {
  const where = task.worker === null ? '' : `: it ran on ${task.worker}`;
  return new NotFoundError(`the log of task ${task.id} is not on this host${where}`);
}
