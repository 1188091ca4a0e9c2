import type { Logger } from './logger.js';

/** Makes a logger that writes each line to every one of some loggers. */
export function combineLoggers(loggers: readonly Logger[]): Logger {
  return {
    log: (level, message, fields) => {
      for (const logger of loggers) logger.log(level, message, fields);
    },
  };
}
