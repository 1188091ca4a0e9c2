import type { CommanderError } from 'commander';
import { UsageError } from '../../runtime/errors.js';

/** Turns commander's complaint about a command line into one of ours: one line, and a hint where there is one. */
export function usageErrorOf(error: CommanderError): UsageError {
  const [first = '', ...rest] = error.message.split('\n');
  const message = first.replace(/^error: /, '').replace(/\.$/, '');
  const suggestion = /\(Did you mean (?:one of )?(.+)\?\)/.exec(rest.join(' '))?.[1];
  const hint = suggestion === undefined ? hintFor(error.code) : `did you mean ${quoteEach(suggestion)}?`;
  return new UsageError(message, { hint });
}

function quoteEach(names: string): string {
  return names
    .split(', ')
    .map((name) => `'${name}'`)
    .join(' or ');
}

function hintFor(code: string): string {
  return code === 'commander.unknownCommand'
    ? 'chainparse --help lists the commands'
    : 'add --help to see what the command takes';
}
