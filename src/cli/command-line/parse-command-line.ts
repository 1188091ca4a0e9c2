import { Command as Parser, CommanderError, Option } from 'commander';
import { checkValues } from './check-values.js';
import { loadAll, loadCommand, type Command, type ListedCommand } from './command.js';
import { Problems } from '../../runtime/problems.js';
import type { ArgumentSpec, OptionSpec } from '../context/command-outline.js';
import { globalOptions, optionsOf, settingFlags } from './options.js';
import { unknownCommand, usageErrorOf } from './unknown-command.js';

/** A command line that names a command. */
export interface ParsedCommand {
  readonly command: Command;
  /** What is wrong with the values of its arguments and options. */
  readonly problems: Problems;
  /** The command's arguments and options, checked. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Every option that is a setting, as it was written, global ones included: what settings are loaded from. */
  readonly flags: Readonly<Record<string, string | readonly string[] | boolean | undefined>>;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly color: boolean;
  readonly wide: boolean;
}

/** What to do instead of running a command: print a help text or the version. */
export interface PrintedText {
  readonly kind: 'help' | 'version';
  readonly text: string;
  /** Says whether the text was asked for; else the command line was wrong. */
  readonly wanted: boolean;
}

/**
 * Reads a command line by a list of commands, and loads those alone that it names; throws UsageError where it is wrong.
 */
export async function parseCommandLine(
  list: readonly ListedCommand[],
  argv: readonly string[],
  version: string,
): Promise<ParsedCommand | PrintedText> {
  let text = '';
  let parsed: ParsedCommand | undefined;
  const write = (chunk: string): void => void (text += chunk);
  const program = buildProgram(version, write);
  addCommands(program, list, [], (command) => (parsed = command));
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (error instanceof UnknownCommand) throw unknownCommand(error.cause, error.path, error.word, await loadAll(list));
    if (!(error instanceof CommanderError)) throw error;
    const isText = /^commander\.(help|helpDisplayed|version)$/.test(error.code);
    if (!isText) throw usageErrorOf(error);
    const kind = error.code === 'commander.version' ? 'version' : 'help';
    return { kind, text, wanted: error.exitCode === 0 };
  }
  return parsed ?? { kind: 'help', text: program.helpInformation(), wanted: false };
}

/** Commander knows the names beside an unknown one only: who catches this knows the others. */
class UnknownCommand extends Error {
  override readonly cause: CommanderError;
  /** The words of the command that has no such one below it. */
  readonly path: readonly string[];
  readonly word: string;

  constructor(cause: CommanderError, path: readonly string[], word: string) {
    super(cause.message);
    this.cause = cause;
    this.path = path;
    this.word = word;
  }
}

function buildProgram(version: string, write: (chunk: string) => void): Parser {
  const program = new Parser('chainparse')
    .description('Long-lived EVM event pipelines with honest heartbeats and exactly-once events')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    // What a command takes is known when it is loaded.
    .configureHelp({ showGlobalOptions: true, subcommandTerm: (command) => command.name() })
    .configureOutput({ writeOut: write, writeErr: write, outputError: () => undefined });
  for (const option of globalOptions) program.addOption(toOption(option));
  return program;
}

type Run = (parsed: ParsedCommand) => void;

/** Adds the commands of a list with their names and summaries; what else there is to one comes when it is called. */
function addCommands(parent: Parser, list: readonly ListedCommand[], path: readonly string[], run: Run): void {
  parent.exitOverride((error) => {
    if (error.code !== 'commander.unknownCommand') throw error;
    throw new UnknownCommand(error, path, parent.args[0] ?? '');
  });
  for (const listed of list) {
    const parser = parent.command(listed.name).description(listed.summary);
    missing.set(parser, async () => fill(parser, await loadCommand(listed), [...path, listed.name], run));
  }
  parent.hook('preSubcommand', (_, parser) => complete(parser));
  if (list.length > 0) addHelp(parent);
}

/** What is yet to be added to commands of which no more than the name is known. */
const missing = new WeakMap<Parser, () => Promise<void>>();

async function complete(parser: Parser): Promise<void> {
  const work = missing.get(parser);
  missing.delete(parser);
  await work?.();
}

function fill(parser: Parser, command: Command, path: readonly string[], run: Run): void {
  for (const argument of command.arguments ?? []) parser.argument(notation(argument), describe(argument));
  for (const option of optionsOf(command)) parser.addOption(toOption(option));
  addCommands(parser, command.commands ?? [], path, run);
  if (command.action !== undefined) parser.action(() => run(readCommand(command, parser)));
}

/** Commander's own looks at one word, and takes a wrong one for none. */
function addHelp(parent: Parser): void {
  parent
    .helpCommand(false)
    .command('help [command...]')
    .description('print the help of a command')
    .helpOption(false)
    // Who asks for help twice gets it once.
    .addOption(new Option('-h, --help').hideHelp())
    .action((names: readonly string[]) => printHelp(parent, names));
}

async function printHelp(parser: Parser, [name, ...rest]: readonly string[]): Promise<void> {
  if (name === undefined || parser.commands.length === 0) parser.help();
  const child = parser.commands.find((each) => each.name() === name);
  if (child === undefined) {
    await parser.parseAsync([name], { from: 'user' });
    return;
  }
  await complete(child);
  await printHelp(child, rest);
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

function readCommand(command: Command, parser: Parser): ParsedCommand {
  const written = parser.optsWithGlobals<Record<string, string | string[] | boolean | undefined>>();
  const names = (command.arguments ?? []).map(({ name }) => name);
  const values = Object.fromEntries(names.map((name, index) => [name, parser.args[index]]));
  const problems = new Problems();
  return {
    command,
    problems,
    options: checkValues(command, { ...written, ...values }, problems),
    flags: Object.fromEntries(settingFlags(command).map((name) => [name, written[name]])),
    json: written['json'] === true,
    quiet: written['quiet'] === true,
    color: written['color'] !== false,
    wide: written['wide'] === true,
  };
}
