import { createJsonLogger, type JsonLoggerOptions } from './json-logger.js';
import type { Logger } from './logger.js';
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

/** Opens a task's log: JSON lines, secrets masked, put aside at 10 MB, five files kept. Its failures stop no run. */
export function openTaskLog(path: string, options: TaskLogOptions): TaskLog {
  const onFailure = (error: Error): void =>
    options.console.log('warn', `the task's log ${path} can't be written: ${error.message}`, {
      event: 'task_log.failed',
      log_path: path,
    });
  const file = new RotatingFile(path, { onFailure });
  return { logger: createJsonLogger(file, options), close: () => file.close() };
}
