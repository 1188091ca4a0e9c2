import type { SettingKey } from '../../settings/settings-table.js';

/** What the database has names or numbers of, which shells can complete: a sink's belong to the pipeline before it. */
export type CompletableKind = 'pipeline' | 'task' | 'alert' | 'sink';

/**
 * What an option or argument takes: free text, a number from zero, an id (a number from one), a pipeline's id or name (the
 * command gets the id), a task's or an alert's id, a sink's name, seconds above zero, or the path of a file, which is not empty.
 */
export type ValueKind = 'text' | 'path' | 'number' | 'id' | 'seconds' | CompletableKind;

/** The kinds that shells complete from the database. */
export const completableKinds: readonly CompletableKind[] = ['pipeline', 'task', 'alert', 'sink'];

/** An option as `--help` shows it. */
export interface OptionSpec {
  /** In commander's notation: `-f, --follow`, `--limit <n>`. */
  readonly flags: string;
  readonly description: string;
  /** `text` where left out. */
  readonly kind?: ValueKind;
  readonly choices?: readonly string[];
  readonly repeatable?: boolean;
  readonly required?: boolean;
}

/** A positional argument, required unless it says otherwise; it reaches the command as the option of its name. */
export interface ArgumentSpec {
  readonly name: string;
  readonly description: string;
  readonly kind?: ValueKind;
  readonly choices?: readonly string[];
  /** Only the last one may be. */
  readonly optional?: boolean;
}

/** How a command is called. */
export interface CommandUse {
  readonly name: string;
  readonly summary: string;
  readonly arguments?: readonly ArgumentSpec[];
  readonly options?: readonly OptionSpec[];
  /** The settings that are options of this command; those of every command are not named. */
  readonly settings?: readonly SettingKey[];
}

/** How a command and all below it are called. */
export interface CommandOutline extends CommandUse {
  readonly commands: readonly CommandOutline[];
}
