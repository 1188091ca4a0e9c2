import { ChainparseError, messageOf, type ExitCode } from '../runtime/errors.js';
import { printable, printableJson, printableLine } from '../runtime/printable.js';
import type { SecretMask } from '../runtime/secrets.js';
import type { CommandStream } from './terminal/command-io.js';

export interface ReportOptions {
  readonly json: boolean;
  /** Print the stack too. */
  readonly debug: boolean;
  readonly secrets: SecretMask;
}

/** Prints an error for people, or as JSON, to a stream; returns the exit code that it stands for. */
export function reportError(error: unknown, stream: CommandStream, options: ReportOptions): ExitCode {
  const known = error instanceof ChainparseError ? error : undefined;
  const message = options.secrets.mask(oneLine(messageOf(error)));
  const hint = known?.hint === undefined ? undefined : options.secrets.maskRemembered(oneLine(known.hint));
  const stack = options.debug ? options.secrets.mask(stackOf(error)) : undefined;
  stream.write(
    options.json
      ? `${printableJson(JSON.stringify({ error: { code: known?.code ?? 'FAILED', message, hint, stack } }))}\n`
      : [
          printableLine(`error: ${message}`),
          ...(hint === undefined ? [] : [printableLine(`hint: ${hint}`)]),
          ...(stack === undefined ? [] : [printable(stack)]),
        ]
          .map((line) => `${line}\n`)
          .join(''),
  );
  return known?.exitCode ?? 1;
}

function oneLine(text: string): string {
  const lines = text.split(/[\r\n]+/).map((line) => line.trim());
  const line = lines.filter((part) => part !== '').join(' ');
  return line === '' ? 'something failed without saying why' : line;
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `\ncaused by: ${stackOf(error.cause)}`;
  return (error.stack ?? error.message) + cause;
}
