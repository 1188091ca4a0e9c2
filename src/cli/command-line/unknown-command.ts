import type { CommanderError } from 'commander';
import { UsageError } from '../../runtime/errors.js';
import type { CommandOutline } from '../context/command-outline.js';

/** What people type where chainparse has another word, or another way. */
const otherWords: Readonly<Record<string, string>> = {
  version: 'chainparse --version prints the version',
  run: "did you mean 'run-pipeline'?",
  start: "did you mean 'pipeline start' or 'run-pipeline'?",
  'pipeline add': "did you mean 'pipeline import'?",
  'pipeline create': "did you mean 'pipeline import'?",
  'tasks kill': "did you mean 'tasks cancel'?",
  'tasks stop': "did you mean 'tasks cancel'?",
};

/** A task comes from its pipeline. */
const startsTask =
  "'run-pipeline' runs a pipeline as a task in the foreground; POST /api/v1/pipeline/start of 'serve' queues one for a 'worker'";

/** Returns a hint for the words of a command that there is not, where they say plainly what was meant. */
function meantCommand(table: readonly CommandOutline[], words: readonly string[]): string | undefined {
  const written = words.join(' ');
  const known = Object.hasOwn(otherWords, written) ? otherWords[written] : undefined;
  if (known !== undefined) return known;
  if (/^tasks (start|run|create|add|queue)$/.test(written)) return startsTask;
  const paths = pathsOf(table, '');
  const same = paths.filter((path) => sortedParts(path) === sortedParts(written));
  const meant = same.length > 0 ? same : paths.filter((path) => words.length === 1 && path.endsWith(` ${written}`));
  return meant.length === 0 ? undefined : `did you mean ${meant.map((path) => `'${path}'`).join(' or ')}?`;
}

/** The words that lead to each command. */
function pathsOf(commands: readonly CommandOutline[], before: string): readonly string[] {
  return commands.flatMap(({ name, commands: below }) => [before + name, ...pathsOf(below, `${before}${name} `)]);
}

/** The same for `pipeline run` and `run-pipeline`. */
function sortedParts(words: string): string {
  return words.split(/[ -]/).sort().join(' ');
}

/** Turns commander's complaint about a command line into one of ours: one line, and a hint where there is one. */
export function usageErrorOf(error: CommanderError): UsageError {
  return usageError(error, suggestionOf(error) ?? 'add --help to see what the command takes');
}

/** The same for a command that there is not behind `path`; what was meant may stand anywhere in the table. */
export function unknownCommand(
  error: CommanderError,
  path: readonly string[],
  word: string,
  table: readonly CommandOutline[],
): UsageError {
  const list = ['chainparse', ...path, '--help'].join(' ');
  const meant = meantCommand(table, [...path, word]);
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
