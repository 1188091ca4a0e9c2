import type { ExitCode } from '../../runtime/errors.js';
import type { CommandOutline } from './command-outline.js';
import type { CommandContext } from '../context.js';

/**
 * A command's work. `options` holds its arguments and options by their camel-case names, checked as its spec says:
 * numbers are numbers, repeatable ones arrays. Nothing or 0 is success; failures are thrown as ChainparseError.
 */
export type CommandAction = (context: CommandContext, options: never) => Promise<ExitCode> | Promise<void>;

/** One row of the command table. */
export interface CommandSpec extends CommandOutline {
  readonly commands?: readonly CommandSpec[];
  /** The first SIGINT or SIGTERM only aborts `context.signals.stopping`; the command then has 9.5 seconds to end. */
  readonly stopsGracefully?: boolean;
  /** Loads the module of the command, which nobody else has to wait for. Absent where there are only subcommands. */
  readonly load?: () => Promise<CommandAction>;
}
