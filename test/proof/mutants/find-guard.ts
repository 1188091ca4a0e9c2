import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

/** The texts of a project's files by their paths in it. */
export type Sources = ReadonlyMap<string, string>;

/** Where a guard stands. */
export interface Place {
  readonly file: string;
  readonly from: number;
  readonly to: number;
}

/** What is known of a guard: its tokens, and what the file was called when it was written down. */
export interface Sought {
  readonly name: string;
  readonly file: string;
  readonly text: string;
}

/** Reads the TypeScript below some folders of a project. */
export async function readSources(project: string, folders: readonly string[]): Promise<Sources> {
  const sources = new Map<string, string>();
  for (const folder of folders) {
    for (const name of await readdir(join(project, folder), { recursive: true })) {
      const file = join(folder, name);
      if (file.endsWith('.ts')) sources.set(file, await readFile(join(project, file), 'utf8'));
    }
  }
  return sources;
}

/**
 * Finds a guard by its tokens, however they are laid out: in the file of that name, whatever folder it lies in, else
 * anywhere. Throws where that is not one place.
 */
export function findGuard(sources: Sources, { name, file, text }: Sought): Place {
  const isNamesake = (path: string): boolean => basename(path) === basename(file);
  const namesakes = new Map([...sources].filter(([path]) => isNamesake(path)));
  const pattern = patternOf(text);
  for (const among of [namesakes, sources]) {
    const places = placesIn(among, pattern);
    if (places.length === 1) return places[0]!;
    if (places.length > 1) throw new Error(`${name} stands in ${places.map(({ file: path }) => path).join(', ')}`);
  }
  throw new Error(`the guard of ${name} is gone: ${text.trim()}`);
}

function placesIn(sources: Sources, pattern: RegExp): readonly Place[] {
  return [...sources].flatMap(([file, text]) =>
    [...text.matchAll(pattern)].map(({ index, 0: { length } }) => ({ file, from: index, to: index + length })),
  );
}

/** What may stand between two tokens. */
const gap = String.raw`(?:\s|//.*\n)`;

/** Matches the same tokens over other lines: Prettier adds a comma where it breaks a list. */
function patternOf(text: string): RegExp {
  const tokens = text.match(/[\w$#]+|[^\s\w$#]/g) ?? [];
  const isWord = (token: string | undefined): boolean => token !== undefined && /^[\w$#]/.test(token);
  const parts = tokens.map((token, index) => {
    const escaped = token.replace(/[^\w#]/g, String.raw`\$&`);
    if (index === 0) return isWord(token) ? String.raw`(?<![\w$#])${escaped}` : escaped;
    if (isWord(token) && isWord(tokens[index - 1])) return `${gap}+${escaped}`;
    return /[)\]}]/.test(token) ? `${gap}*(?:,${gap}*)?${escaped}` : `${gap}*${escaped}`;
  });
  return new RegExp(parts.join('') + (isWord(tokens.at(-1)) ? String.raw`(?![\w$#])` : ''), 'g');
}

/** Returns the path of the one test file of a name, which may begin with a folder where several have it. */
export function findTest(tests: Sources, name: string): string {
  const found = [...tests.keys()].filter((path) => path === name || path.endsWith(`/${name}`));
  if (found.length === 1) return found[0]!;
  const namesakes = [...tests.keys()].filter((path) => basename(path) === basename(name));
  if (found.length === 0 && namesakes.length === 1) return namesakes[0]!;
  throw new Error(`there are ${namesakes.length} tests called ${name}`);
}
