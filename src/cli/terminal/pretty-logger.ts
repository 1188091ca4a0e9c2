import { Chalk } from 'chalk';
import type { Clock } from '../../runtime/clock.js';
import type { JsonLoggerOptions, LineSink } from '../../runtime/json-logger.js';
import { logLevels, type Logger } from '../../runtime/logger.js';
import { printableLine } from '../../runtime/printable.js';
import { localTime } from './render-log-line.js';

const colors = { trace: 'gray', debug: 'gray', info: 'green', warn: 'yellow', error: 'red' } as const;

export interface PrettyLoggerOptions extends JsonLoggerOptions {
  readonly clock: Clock;
  readonly color: boolean;
}

/** Makes a logger for people: local time, level, message; secrets masked. Fields are for programs and left out. */
export function createPrettyLogger(sink: LineSink, options: PrettyLoggerOptions): Logger {
  const chalk = new Chalk({ level: options.color ? 1 : 0 });
  return {
    log: (level, message) => {
      if (logLevels.indexOf(level) < logLevels.indexOf(options.level)) return;
      const time = chalk.gray(localTime(options.clock.now()));
      sink.write(`${time} ${chalk[colors[level]](level.padEnd(5))} ${printableLine(options.secrets.mask(message))}\n`);
    },
  };
}
