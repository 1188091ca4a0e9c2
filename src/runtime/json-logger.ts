import { pino, stdTimeFunctions } from 'pino';
import type { LogFields, Logger, LogLevel } from './logger.js';
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
export function createJsonLogger(sink: LineSink, { level, secrets }: JsonLoggerOptions): Logger {
  const logger = pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => sink.write(printableJson(line)) },
  );
  return {
    log: (lineLevel, message, fields: LogFields = {}) => {
      if (!logger.isLevelEnabled(lineLevel)) return;
      logger[lineLevel](secrets.maskValue(fields) as Record<string, unknown>, secrets.mask(message));
    },
  };
}
