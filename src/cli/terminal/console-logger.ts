import type { Clock } from '../../runtime/clock.js';
import { createJsonLogger } from '../../runtime/json-logger.js';
import type { Logger } from '../../runtime/logger.js';
import type { SecretMask } from '../../runtime/secrets.js';
import type { Settings } from '../../settings/settings.js';
import { createPrettyLogger } from './pretty-logger.js';
import type { StatusLine } from './status-line.js';

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
  const { settings, statusLine, isTerminal, clock, secrets } = options;
  const level = options.quiet ? 'error' : settings.logLevel;
  const format = settings.logFormat === 'auto' ? (isTerminal ? 'pretty' : 'json') : settings.logFormat;
  if (format === 'json') return createJsonLogger(statusLine, { level, secrets });
  return createPrettyLogger(statusLine, { level, secrets, clock, color: options.color && isTerminal });
}
