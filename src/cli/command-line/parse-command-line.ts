import { Command, CommanderError, Option } from 'commander';
import { checkValues, optionName } from './check-values.js';
import type { ArgumentSpec, OptionSpec } from './command-outline.js';
import type { CommandSpec } from './command-spec.js';
import { globalOptions } from './global-options.js';
import { meantCommand } from './meant-command.js';
import { unknownCommand, usageErrorOf } from './usage-error.js';

/** A command line that names a command. */
export interface ParsedCommand {
  readonly spec: CommandSpec;
  /** The command's arguments and options, checked. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Every option that may be a setting, as it was written, global ones included: what settings are loaded from. */
  readonly flags: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly color: boolean;
  readonly wide: boolean;
}

/** What to do instead of running a command: print a help text or the version. */
export interface PrintedText {
  readonly text: string;
  /** Says whether the text was asked for; else the command line was wrong. */
  readonly wanted: boolean;
}

/** Reads a command line by the command table; throws UsageError where it is wrong. */
export function parseCommandLine(
  table: readonly CommandSpec[],
  argv: readonly string[],
  version: string,
): ParsedCommand | PrintedText {
  let text = '';
  let parsed: ParsedCommand | undefined;
  const write = (chunk: string): void => void (text += chunk);
  const program = buildProgram(version, write);
  addCommands(program, table, (command) => (parsed = command));
  explainUnknown(program, table, []);
  try {
    program.parse(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const isText = /^commander\.(help|helpDisplayed|version)$/.test(error.code);
    if (!isText) throw usageErrorOf(error);
    return { text, wanted: error.exitCode === 0 };
  }
  return parsed ?? { text: program.helpInformation(), wanted: false };
}

function buildProgram(version: string, write: (chunk: string) => void): Command {
  const program = new Command('chainparse')
    .description('Long-lived EVM event pipelines with honest heartbeats and exactly-once events')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeOut: write, writeErr: write, outputError: () => undefined })
    .exitOverride();
  for (const option of globalOptions) program.addOption(toOption(option));
  return program;
}

function addCommands(parent: Command, specs: readonly CommandSpec[], run: (parsed: ParsedCommand) => void): void {
  for (const spec of specs) {
    const command = parent.command(spec.name).description(spec.summary);
    for (const argument of spec.arguments ?? []) command.argument(notation(argument), describe(argument));
    for (const option of spec.options ?? []) command.addOption(toOption(option));
    addCommands(command, spec.commands ?? [], run);
    if (spec.load !== undefined) command.action(() => run(readCommand(spec, command)));
  }
  if (specs.length > 0) addHelp(parent);
}

/** Commander knows the names beside an unknown one only; what was meant may stand elsewhere in the table. */
function explainUnknown(command: Command, table: readonly CommandSpec[], path: readonly string[]): void {
  command.exitOverride((error) => {
    if (error.code !== 'commander.unknownCommand') throw error;
    throw unknownCommand(error, path, meantCommand(table, [...path, command.args[0] ?? '']));
  });
  for (const child of command.commands) explainUnknown(child, table, [...path, child.name()]);
}

/** Commander's own looks at one word, and takes a wrong one for none. */
function addHelp(parent: Command): void {
  parent
    .helpCommand(false)
    .command('help [command...]')
    .description('print the help of a command')
    .helpOption(false)
    .action((names: readonly string[]) => {
      printHelp(parent, names);
    });
}

function printHelp(command: Command, names: readonly string[]): void {
  const [name, ...rest] = names;
  if (name === undefined || command.commands.length === 0) command.help();
  const child = command.commands.find((each) => each.name() === name);
  if (child === undefined) command.parse([name], { from: 'user' });
  else printHelp(child, rest);
}

/** In commander's notation. */
function notation({ name, optional }: ArgumentSpec): string {
  return optional === true ? `[${name}]` : `<${name}>`;
}

function toOption(spec: OptionSpec): Option {
  const option = new Option(spec.flags, describe(spec)).makeOptionMandatory(spec.required ?? false);
  if (spec.repeatable !== true) return option;
  return option.argParser((value: string, before: string[] | undefined) => [...(before ?? []), value]);
}

function describe({ description, choices }: OptionSpec | ArgumentSpec): string {
  return choices === undefined || description.includes(choices[0] ?? '')
    ? description
    : `${description}: ${choices.join(', ')}`;
}

function readCommand(spec: CommandSpec, command: Command): ParsedCommand {
  const written = command.optsWithGlobals<Record<string, string | string[] | boolean | undefined>>();
  const names = (spec.arguments ?? []).map(({ name }) => name);
  const values = Object.fromEntries(names.map((name, index) => [name, command.args[index]]));
  // What the command reads by itself may share its name with a setting.
  const own = new Set((spec.options ?? []).filter(({ kind }) => kind !== undefined).map(optionName));
  const flags = Object.entries(written).filter(([name, value]) => typeof value !== 'boolean' && !own.has(name));
  return {
    spec,
    options: checkValues(spec, { ...written, ...values }),
    flags: Object.fromEntries(flags) as ParsedCommand['flags'],
    json: written['json'] === true,
    quiet: written['quiet'] === true,
    color: written['color'] !== false,
    wide: written['wide'] === true,
  };
}
