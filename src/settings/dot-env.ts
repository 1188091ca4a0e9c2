import type { Problems } from '../runtime/problems.js';

/** What a file named `.env` holds: its variables, by name. */
export type DotEnv = Readonly<Record<string, string>>;

const blank = /(?:[^\S\n]*(?:#.*)?\n)+/y;
/** A shell exports what another file has set. */
const exported = /[^\S\n]*export(?:[^\S\n]+[A-Za-z_]\w*)+[^\S\n]*(?:#.*)?\n/y;
const name = /[^\S\n]*(?:export[^\S\n]+)?([\w.-]+)[^\S\n]*=[^\S\n]*/y;
const quoted = /"((?:\\[^]|[^"\\])*)"|'([^']*)'|`([^`]*)`/y;
const plain = /[^#\n]*/y;
const rest = /[^\S\n]*(?:#.*)?\n/y;
const line = /.*\n/y;

/**
 * Reads a file of variables, as dotenv's and Node's are written: `NAME=value`, `export` before it, comments, and values in
 * quotes of three kinds, which may have several lines. What is none of this is a problem with its line; what stands there
 * is not told, for it may be a secret.
 */
export function readDotEnv(text: string, file: string, problems: Problems): DotEnv {
  const values: Record<string, string> = {};
  const scan = new Scan(`${text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n')}\n`);
  const refuse = (start: number, problem: string): void => {
    const hint = 'write NAME=value, a value with # or several lines in quotes; what begins with # is a comment';
    problems.add(`${file}:${scan.lineAt(start)}: ${problem}`, hint);
    scan.take(line);
  };
  while (!scan.isOver) {
    if (scan.take(blank) !== null || scan.take(exported) !== null) continue;
    const start = scan.place;
    const key = scan.take(name)?.[1];
    if (key === undefined) {
      refuse(start, 'this line names no variable and its value');
      continue;
    }
    const isQuoted = scan.isAt(/["'`]/y);
    const found = scan.take(isQuoted ? quoted : plain);
    if (found === null) refuse(start, `the quote of ${key} is not closed`);
    else if (scan.take(rest) === null) refuse(start, `something stands behind the quotes of ${key}`);
    else values[key] = isQuoted ? unquoted(found) : found[0].trim();
  }
  return values;
}

/** Only in double quotes does a backslash mean something, and only before these two. */
function unquoted([, double, single, backtick]: RegExpExecArray): string {
  if (double === undefined) return single ?? backtick ?? '';
  return double.replace(/\\(n|")/g, (_, letter: string) => (letter === 'n' ? '\n' : letter));
}

/** A text that is read from its beginning to its end. */
class Scan {
  readonly #text: string;
  place = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isOver(): boolean {
    return this.place >= this.#text.length;
  }

  /** From 1. */
  lineAt(place: number): number {
    return this.#text.slice(0, place).split('\n').length;
  }

  isAt(pattern: RegExp): boolean {
    pattern.lastIndex = this.place;
    return pattern.test(this.#text);
  }

  /** Goes on behind what a sticky pattern matches here; null where it does not. */
  take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.place;
    const match = pattern.exec(this.#text);
    if (match !== null) this.place = pattern.lastIndex;
    return match;
  }
}
