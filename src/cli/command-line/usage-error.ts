import type { CommanderError } from 'commander';
import { UsageError } from '../../runtime/errors.js';

/** Turns commander's complaint about a command line into one of ours: one line, and a hint where there is one. */
export function usageErrorOf(error: CommanderError): UsageError {
  return usageError(error, suggestionOf(error) ?? 'add --help to see what the command takes');
}

/** The same for a command that there is not behind `path`; `meant` is the hint, where one knows better than commander. */
export function unknownCommand(error: CommanderError, path: readonly string[], meant: string | undefined): UsageError {
  const list = ['chainparse', ...path, '--help'].join(' ');
  return usageError(error, meant ?? suggestionOf(error) ?? `${list} lists the commands`);
}

function usageError({ message }: CommanderError, hint: string): UsageError {
  const [first = ''] = message.split('\n');
  return new UsageError(first.replace(/^error: /, '').replace(/\.$/, ''), { hint });
}

function suggestionOf({ message }: CommanderError): string | undefined {
  const names = /\(Did you mean (?:one of )?(.+)\?\)/.exec(message)?.[1]?.split(', ');
  return names === undefined ? undefined : `did you mean ${names.map((name) => `'${name}'`).join(' or ')}?`;
}
