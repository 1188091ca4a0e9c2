import { systemClock } from './clock.js';
import { combineLoggers } from './combined-logger.js';
import { messageOf } from './errors.js';
import { createJsonLogger, type JsonLoggerOptions } from './json-logger.js';
import { putLogAside } from './log-files.js';
import type { LogFields, Logger } from './logger.js';
import { RotatingFile } from './rotating-file.js';

/** A task's log file. */
export interface TaskLog {
  readonly logger: Logger;
  close(): void;
}

export interface TaskLogOptions extends JsonLoggerOptions {
  /** Where the log tells that it can't be written, once: the console. */
  readonly console: Logger;
}

/**
 * Opens the log of a task that begins: JSON lines, secrets masked, put aside at 10 MB, five files kept. A log that is there
 * already is that of another database's task with the same id, or of an older database's, and is told from this one: it is
 * put aside under a name of its own. Failures stop no run.
 */
export async function openTaskLog(path: string, options: TaskLogOptions): Promise<TaskLog> {
  const onFailure = (error: Error): void =>
    options.console.log('warn', `the task's log ${path} can't be written: ${error.message}`, {
      event: 'task_log.failed',
      log_path: path,
    });
  const other = await putOtherAside(path);
  const file = new RotatingFile(path, { onFailure });
  const logger = createJsonLogger(file, options);
  if (other !== null) combineLoggers([options.console, logger]).log('warn', ...other);
  return { logger, close: () => file.close() };
}

/** Returns what is to be told of the log that was there, as a message and its fields; null where none was. */
async function putOtherAside(path: string): Promise<[string, LogFields] | null> {
  try {
    const aside = await putLogAside(path, systemClock.now());
    if (aside === null) return null;
    const message = `${path} was the log of another database's task, or of an older one's: it is put aside as ${aside}`;
    return [message, { event: 'task_log.put_aside', log_path: aside }];
  } catch (error) {
    const message = `a log that is at ${path} already can't be put aside, and is gone on with: ${messageOf(error)}`;
    return [message, { event: 'task_log.failed', log_path: path }];
  }
}
