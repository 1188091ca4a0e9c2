import { Chalk } from 'chalk';
import type { Clock } from '../../runtime/clock.js';
import { createJsonLogger } from '../../runtime/json-logger.js';
import { logLevels, type LogLevel, type Logger } from '../../runtime/logger.js';
import { printableLine } from '../../runtime/printable.js';
import type { SecretMask } from '../../runtime/secrets.js';
import type { Settings } from '../../settings/settings.js';
import { localTime } from './render-log-line.js';
import type { StatusLine } from './status-line.js';

const colors = { trace: 'gray', debug: 'gray', info: 'green', warn: 'yellow', error: 'red' } as const;

export interface ConsoleLoggerOptions {
  readonly settings: Pick<Settings, 'logLevel' | 'logFormat'>;
  /** Writes to stderr, above a progress bar where there is one. */
  readonly statusLine: StatusLine;
  readonly isTerminal: boolean;
  readonly color: boolean;
  /** Leave out everything but errors. */
  readonly quiet: boolean;
  readonly clock: Clock;
  readonly secrets: SecretMask;
}

/** Makes the console's logger: for people on a terminal, else for programs, unless the settings say which. */
export function createConsoleLogger(options: ConsoleLoggerOptions): Logger {
  const { settings, statusLine, isTerminal, secrets } = options;
  const level = options.quiet ? 'error' : settings.logLevel;
  const format = settings.logFormat === 'auto' ? (isTerminal ? 'pretty' : 'json') : settings.logFormat;
  return format === 'json' ? createJsonLogger(statusLine, { level, secrets }) : createPrettyLogger(level, options);
}

/** For people: local time, level, message; secrets masked. Fields are for programs and left out. */
function createPrettyLogger(least: LogLevel, options: ConsoleLoggerOptions): Logger {
  const { statusLine, clock, secrets } = options;
  const chalk = new Chalk({ level: options.color && options.isTerminal ? 1 : 0 });
  return {
    log: (level, message) => {
      if (logLevels.indexOf(level) < logLevels.indexOf(least)) return;
      const time = chalk.gray(localTime(clock.now()));
      statusLine.write(`${time} ${chalk[colors[level]](level.padEnd(5))} ${printableLine(secrets.mask(message))}\n`);
    },
  };
}
