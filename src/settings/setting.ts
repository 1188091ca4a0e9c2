import { onOff as readOnOff, type Read } from './setting-values.js';

/**
 * What a text gives away. `url`: a URL with a login or a key in it; `password`: all of it; `words`: of a command the URLs that it
 * may have in it, and what follows flags and variables of a secret's name.
 */
export type Secret = 'url' | 'password' | 'words';

/** One row of the table of settings: its names in each kind of source, what it may hold, and its default. */
export interface Setting<T> {
  /** In `chainparse.config.yaml`, and everywhere else that a setting is named; `GROUP.KEY` stands in a map. */
  readonly key: string;
  /** On the command line, in commander's notation; left out: it is none of a command's options. */
  readonly flag?: string;
  /** In the environment and in `.env`. */
  readonly variable: string;
  /** As it would be written. */
  readonly default: string;
  readonly read: Read<T>;
  /** What people call it, in errors. */
  readonly title: string;
  /** What it does, for `--help` and the documents. */
  readonly description: string;
  /** What to write instead of what is wrong. */
  readonly hint: string;
  readonly secret?: Secret;
  /** What `--help` and the shell offer. */
  readonly choices?: readonly string[];
  /** Says whether the file may hold a list of words instead of a text. */
  readonly isList?: boolean;
  /** The value where no source names it, if that is not what the default reads as. */
  readonly unset?: { readonly value: T };
}

/** A row as it is written. Left out: the default is empty, and the variable follows from the key. */
type Written<T, Key extends string> = Omit<Setting<T>, 'default' | 'variable'> &
  Partial<Pick<Setting<T>, 'default' | 'variable'>> & { readonly key: Key };

/** Infers the type of a setting's value from its reader, and keeps its key as a type. */
export function setting<T, const Key extends string>(row: Written<T, Key>): Setting<T> & { key: Key } {
  const name = row.key
    .replace(/^alerts/, 'alert')
    .replaceAll('.', '_')
    .toUpperCase();
  return { default: '', variable: `CHAINPARSE_${name}`, ...row };
}

/** Returns a setting that is on or off; on where its default is left out. */
export function onOff<const Key extends string>(
  row: Omit<Written<boolean, Key>, 'read' | 'hint'> & { readonly hint?: string },
): Setting<boolean> & { key: Key } {
  const { hint = 'write on or off', ...rest } = row;
  return setting<boolean, Key>({ default: 'on', ...rest, read: readOnOff, hint });
}

/** Returns the name by which a command line keeps a setting's flag: `stallAfter` of `--stall-after <seconds>`. */
export function flagName({ flag }: Pick<Setting<unknown>, 'flag'>): string | undefined {
  return /--([a-z-]+)/.exec(flag ?? '')?.[1]?.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** The text of a setting, and where it came from in words: `flag --database`, `.env LOG_LEVEL`. */
export interface FoundSetting {
  readonly text: string;
  readonly origin: string;
}
