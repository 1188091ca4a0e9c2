import { readConfigFile } from './config-file.js';
import { readDotEnv } from './dot-env.js';
import { messageOf } from '../runtime/errors.js';
import type { Problems } from '../runtime/problems.js';
import type { FoundSetting } from './setting.js';

/** One place that settings come from; each kind knows a setting by another name. */
export interface SettingsSource {
  readonly kind: 'flag' | 'variable' | 'key';
  readonly entries: ReadonlyMap<string, FoundSetting>;
}

/** The flags of a command line by their camel-case names. */
export type Flags = Readonly<Record<string, string | readonly string[] | boolean | undefined>>;
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where settings are looked for. */
export interface SettingsPlaces {
  readonly flags: Flags;
  readonly env: Environment;
  /** The folder of `.env` and `chainparse.config.yaml`. */
  readonly cwd: string;
  /** Returns a file's text; throws Node's errors. */
  readonly readFile: (path: string) => string;
}

/** Returns every source of settings, the one that beats the others first; what is wrong with a file is a problem. */
export function readSources(places: SettingsPlaces, problems: Problems): readonly SettingsSource[] {
  const { flags, env } = places;
  const dotEnv = readIfThere(places, '.env', problems);
  const configFile = readIfThere(places, 'chainparse.config.yaml', problems);
  return [
    { kind: 'flag', entries: readFlags(flags) },
    { kind: 'variable', entries: readVariables(env, 'environment') },
    { kind: 'variable', entries: readVariables(readDotEnv(dotEnv, '.env', problems), '.env') },
    { kind: 'key', entries: readConfigFile(configFile, 'chainparse.config.yaml', problems) },
  ];
}

/** Returns a file's text; that of one which is not there is empty. */
function readIfThere({ cwd, readFile }: SettingsPlaces, name: string, problems: Problems): string {
  try {
    return readFile(`${cwd}/${name}`);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (code === 'ENOENT' || code === 'ENOTDIR') return '';
    // Python's virtual environments are often a folder named .env; that a container mounts what is not there makes another one.
    if (code === 'EISDIR' && name === '.env') return '';
    problems.add(`${name} can't be read: ${code === 'EISDIR' ? 'it is a folder' : messageOf(error)}`);
    return '';
  }
}

function readFlags(flags: Flags): Map<string, FoundSetting> {
  const entries = new Map<string, FoundSetting>();
  for (const [name, value] of Object.entries(flags)) {
    if (value === undefined) continue;
    const origin = `flag --${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    entries.set(name, { text: textOf(value), origin });
  }
  return entries;
}

/** A flag that takes no value switches something on. */
function textOf(value: string | readonly string[] | boolean): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  return typeof value === 'string' ? value : value.join('\n');
}

/** An empty variable counts as one that is not set, as shells' `${NAME:-default}` has it. */
function readVariables(variables: Environment, place: string): Map<string, FoundSetting> {
  const entries = new Map<string, FoundSetting>();
  for (const [name, value] of Object.entries(variables)) {
    if (value !== undefined && value.trim() !== '')
      entries.set(name, { text: value.trim(), origin: `${place} ${name}` });
  }
  return entries;
}

/** Returns the first of some environment variables that is set, in the environment or in `.env`. */
export function findVariable(
  sources: readonly SettingsSource[],
  ...names: readonly string[]
): FoundSetting | undefined {
  for (const { kind, entries } of sources) {
    const name = kind === 'variable' ? names.find((candidate) => entries.has(candidate)) : undefined;
    if (name !== undefined) return entries.get(name);
  }
  return undefined;
}

/** Returns the variables that definitions may name: the environment's, and those of `.env` that are not set there. */
export function definitionVariables(sources: readonly SettingsSource[], env: Environment): Environment {
  const [, ...others] = sources.filter(({ kind }) => kind === 'variable');
  const set = Object.entries(env).filter(([, value]) => (value ?? '').trim() !== '');
  const added = others.flatMap(({ entries }) => [...entries].map(([name, { text }]) => [name, text] as const));
  return Object.fromEntries([...added, ...set]);
}
