import { dirname } from 'node:path';
import type { Task } from '../model/task.js';
import { NotFoundError } from '../runtime/errors.js';
import { isOfThisHost } from '../runtime/is-of-this-host.js';
import { LogTail, type LogTailOptions } from '../runtime/log-tail.js';
import { findTaskLog, leadsOutside } from '../runtime/task-log-path.js';
import type { ApiParts } from './api-parts.js';
import { ProblemError } from './problem.js';

/** How far one answer looks back for the begin of its lines, in bytes: a client must not make the server read for long. */
const mostBytes = 64 * 1024 * 1024;

/** Opens a task's log at a place, else at its last lines. Throws NotFoundError, and a ProblemError for what is not in the log folder. */
export async function openLogOfTask(
  { cwd, settings }: Pick<ApiParts, 'cwd' | 'settings'>,
  task: Task,
  options: Omit<LogTailOptions, 'mostBytes'>,
): Promise<LogTail> {
  const { logPath } = task;
  if (logPath === null) throw new NotFoundError(`task ${task.id} has no log`);
  const folder = { cwd, logDir: settings.logDir };
  const place = await findTaskLog(logPath, folder);
  if ('problem' in place && place.problem === 'outside') throw outside(task, logPath);
  const log = 'problem' in place ? undefined : await LogTail.open(place.path, { ...options, mostBytes });
  if (log !== undefined) return log;
  const ranHere = task.worker !== null && isOfThisHost(task.worker);
  if (!ranHere) throw notHere(task);
  throw leadsOutside(logPath, folder) ? outside(task, logPath) : notThere(task, logPath);
}

function outside({ id }: Task, logPath: string): ProblemError {
  return new ProblemError(403, 'FORBIDDEN', `the log of task ${id} is outside of the log folder of this server`, {
    hint:
      `where that is the task's own folder, serve with it: --log-dir ${dirname(logPath)}; ` +
      `or read it on its host: chainparse tasks log ${id}`,
  });
}

function notThere({ id }: Task, logPath: string): NotFoundError {
  return new NotFoundError(`the log of task ${id}, which ran on this host, is not there: ${logPath}`, {
    hint: 'a path starts from the folder in which serve was started: start it where the task was started',
  });
}

function notHere({ id, worker }: Task): NotFoundError {
  return new NotFoundError(
    `the log of task ${id} is not on this host${worker === null ? '' : `: it ran on ${worker}`}`,
  );
}
