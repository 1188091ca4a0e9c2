import type { Task } from '../model/task.js';
import { NotFoundError } from '../runtime/errors.js';
import { LogTail, type LogTailOptions } from '../runtime/log-tail.js';
import { findTaskLog } from '../runtime/task-log-path.js';
import type { ApiParts } from './api-parts.js';
import { ProblemError } from './problem.js';

/** How far one answer looks back for the begin of its lines, in bytes: a client must not make the server read for long. */
const mostBytes = 64 * 1024 * 1024;

/** Opens a task's log at its last lines. Throws NotFoundError, and a ProblemError for what is not in the log folder. */
export async function openLogOfTask(
  { cwd, settings }: Pick<ApiParts, 'cwd' | 'settings'>,
  task: Task,
  options: Pick<LogTailOptions, 'lines' | 'signal'>,
): Promise<LogTail> {
  if (task.logPath === null) throw new NotFoundError(`task ${task.id} has no log`);
  const place = await findTaskLog(task.logPath, { cwd, logDir: settings.logDir });
  if ('problem' in place) throw place.problem === 'outside' ? outside(task) : notHere(task);
  const log = await LogTail.open(place.path, { ...options, mostBytes });
  if (log === undefined) throw notHere(task);
  return log;
}

function outside(task: Task): ProblemError {
  return new ProblemError(403, 'FORBIDDEN', `the log of task ${task.id} is outside of the log folder of this server`, {
    hint: "serve with the task's own --log-dir, or read it on its host: chainparse tasks log",
  });
}

function notHere(task: Task): NotFoundError {
  const where = task.worker === null ? '' : `: it ran on ${task.worker}`;
  return new NotFoundError(`the log of task ${task.id} is not on this host${where}`);
}
