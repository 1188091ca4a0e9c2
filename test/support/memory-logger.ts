import type { LogFields, LogLevel, Logger } from '../../src/runtime/logger.js';

/** A logger that keeps what it is told. */
export class MemoryLogger implements Logger {
  readonly entries: { readonly level: LogLevel; readonly message: string; readonly fields: LogFields }[] = [];

  log(level: LogLevel, message: string, fields: LogFields = {}): void {
    this.entries.push({ level, message, fields });
  }

  /** The messages in their order; of one level where one is named. */
  messages(level?: LogLevel): string[] {
    return this.entries.filter((entry) => level === undefined || entry.level === level).map(({ message }) => message);
  }

  /** Level and message of each line. */
  get lines(): string[] {
    return this.entries.map(({ level, message }) => `${level}: ${message}`);
  }

  /** Forgets what it was told. */
  clear(): void {
    this.entries.splice(0);
  }
}
