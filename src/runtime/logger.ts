/** The levels of the log, least to most severe. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error'] as const;

export type LogLevel = (typeof logLevels)[number];

/** Fields that go into a structured line beside the message. */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * What the library writes its log lines to. `fields.event` names the line for programs; the message is for people and
 * is already in the operator's language. Masking secrets is the implementation's duty.
 */
export interface Logger {
  log(level: LogLevel, message: string, fields?: LogFields): void;
}

/** A logger that writes nothing. */
export const silentLogger: Logger = { log: () => undefined };
