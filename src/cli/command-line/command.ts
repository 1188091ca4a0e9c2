import type { ExitCode } from '../../runtime/errors.js';
import type { CommandContext } from '../context/context.js';
import type { CommandOutline, CommandUse } from '../context/command-outline.js';

/**
 * A command's work. `options` holds its arguments and options by their camel-case names, checked as it says: numbers are
 * numbers, repeatable ones arrays. Nothing or 0 is success; failures are thrown as ChainparseError.
 */
export type CommandAction = (context: CommandContext, options: never) => Promise<ExitCode> | Promise<void>;

/** A command: how it is called, and what it does. */
export interface Command extends CommandUse {
  readonly commands?: readonly ListedCommand[];
  /** The first SIGINT or SIGTERM only aborts `context.signals.stopping`; the command then has 9.5 seconds to end. */
  readonly stopsGracefully?: boolean;
  /** Absent where there are only subcommands. */
  readonly action?: CommandAction;
}

/** A command of the list, without what the list says of it. */
export type CommandBody = Omit<Command, 'name' | 'summary'>;

/** A command of which no more than its line in `--help` is known until its module is loaded. */
export interface UnloadedCommand {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<{ readonly command: CommandBody }>;
}

export type ListedCommand = Command | UnloadedCommand;

/** Loads a command, as far as it is not yet. */
export async function loadCommand(listed: ListedCommand): Promise<Command> {
  if (!('load' in listed)) return listed;
  const { name, summary, load } = listed;
  return { ...(await load()).command, name, summary };
}

/** Loads commands with all below them: for who must know every one, such as the shell's completion. */
export async function loadAll(list: readonly ListedCommand[]): Promise<readonly CommandOutline[]> {
  return Promise.all(
    list.map(async (listed) => {
      const command = await loadCommand(listed);
      return { ...command, commands: await loadAll(command.commands ?? []) };
    }),
  );
}
