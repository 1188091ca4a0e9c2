import { systemClock } from './clock.js';
import { logLevels, type LogFields, type Logger, type LogLevel } from './logger.js';
import { printableJson } from './printable.js';
import type { SecretMask } from './secrets.js';

/** Where whole lines go, each with its line break. */
export interface LineSink {
  write(line: string): void;
}

export interface JsonLoggerOptions {
  /** The least severe level that is written. */
  readonly level: LogLevel;
  readonly secrets: SecretMask;
}

/** Makes a logger that writes each line as one JSON object: `level`, `time`, the fields, `msg`; secrets masked. */
export function createJsonLogger(sink: LineSink, { level: least, secrets }: JsonLoggerOptions): Logger {
  return {
    log: (level, message, fields: LogFields = {}) => {
      if (logLevels.indexOf(level) < logLevels.indexOf(least)) return;
      const time = new Date(systemClock.now()).toISOString();
      const line = { level, time, ...(secrets.maskValue(fields) as LogFields), msg: secrets.mask(message) };
      sink.write(printableJson(`${JSON.stringify(line, bigintAsText)}\n`));
    },
  };
}

/** JSON knows no bigint. */
function bigintAsText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
