/**
 * What an option or argument takes: free text, a number from zero, an id (a number from one), a pipeline's id or name (the
 * command gets the id), or seconds above zero.
 */
export type ValueKind = 'text' | 'number' | 'id' | 'pipeline' | 'seconds';

/** An option as `--help` shows it. Those without a kind may be settings, and reach `loadSettings` as they were written. */
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

/** What `--help`, parsing and shell completion know about a command. */
export interface CommandOutline {
  readonly name: string;
  readonly summary: string;
  readonly arguments?: readonly ArgumentSpec[];
  readonly options?: readonly OptionSpec[];
  readonly commands?: readonly CommandOutline[];
}
