import { completableKinds } from '../context/command-outline.js';
import type { CommandOutline, OptionSpec, CompletableKind, ValueKind } from '../context/command-outline.js';
import { globalOptions, optionsOf } from '../command-line/options.js';

/** What can follow a command: one row for each, the program itself included. */
export interface CompletionRow {
  /** The names that lead to the command, each behind a blank; empty for the program. */
  readonly path: string;
  /** Subcommands and argument values, with what they mean. */
  readonly words: readonly CompletionWord[];
  readonly options: readonly CompletionOption[];
  /** What the database has to offer for each argument; null: nothing. */
  readonly stored: readonly (CompletableKind | null)[];
}

export interface CompletionWord {
  readonly text: string;
  readonly description: string;
}

export interface CompletionOption {
  /** `--follow`, and `-f` where there is one. */
  readonly names: readonly string[];
  readonly description: string;
  readonly takesValue: boolean;
  readonly stored: CompletableKind | null;
  readonly choices: readonly string[];
}

/** Returns the rows of a table of commands. */
export function completionRows(commands: readonly CommandOutline[]): readonly CompletionRow[] {
  const program = { name: '', summary: '', commands };
  return rowsOf(program, '');
}

function rowsOf(command: CommandOutline, path: string): readonly CompletionRow[] {
  const subcommands = command.commands;
  const options = [...optionsOf(command), ...globalOptions, { flags: '-h, --help', description: 'print help' }];
  const stored = (command.arguments ?? []).map(({ kind }) => storedKind(kind));
  const row = { path, words: wordsOf(command), options: options.map(optionOf), stored };
  return [row, ...subcommands.flatMap((child) => rowsOf(child, `${path} ${child.name}`))];
}

function wordsOf({ commands, arguments: values = [] }: CommandOutline): readonly CompletionWord[] {
  const subcommands = commands.map(({ name, summary }) => ({ text: name, description: summary }));
  const choices = values.flatMap(({ choices: texts = [], description }) =>
    texts.map((text) => ({ text, description })),
  );
  return [...subcommands, ...choices];
}

function storedKind(kind: ValueKind | undefined): CompletableKind | null {
  return completableKinds.find((each) => each === kind) ?? null;
}

function optionOf({ flags, description, kind, choices = [] }: OptionSpec): CompletionOption {
  const names = flags.split(/[ ,]+/).filter((part) => part.startsWith('-'));
  return { names, description, takesValue: flags.includes('<'), stored: storedKind(kind), choices };
}
