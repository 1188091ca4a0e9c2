import { distance } from 'fastest-levenshtein';
import type { Kind, Reading } from '../../components/seam/component.js';
import { line } from '../../components/keys/texts.js';
import type { Registry } from '../../components/registry.js';
import { sourceTypes } from '../../components/source-of.js';
import type { Component } from '../../model/pipeline.js';
import { nearest } from '../../runtime/nearest.js';
import { forgive } from './forgive.js';
import type { FormRemark } from './older-form.js';
import { readingProblem } from './pipeline-name.js';
import type { ProblemList } from './problem-list.js';

const ownKeys = ['name', 'type'];

type Path = readonly PropertyKey[];
type Keys = Readonly<Record<string, unknown>>;

/** Reads the components of a pipeline, each by the schema of its kind. */
export class ComponentReader {
  readonly #kinds: Registry;
  readonly #reading: Reading;
  readonly #problems: ProblemList;
  readonly #names = new Set<string>();
  readonly #isOlder: boolean;
  /** What of older definitions was taken for something else. */
  readonly remarks: FormRemark[] = [];

  /** `isOlder`: they are read as the older program read them. */
  constructor(kinds: Registry, reading: Reading, { problems, isOlder }: { problems: ProblemList; isOlder: boolean }) {
    this.#isOlder = isOlder;
    this.#kinds = kinds;
    this.#reading = reading;
    this.#problems = problems;
  }

  /** Reads the component at a position (from 0); undefined where something is wrong with it, null where it is left out. */
  async read(value: unknown, position: number): Promise<Component | undefined | null> {
    const at = ['components', position];
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.#problems.add(at, `each must be a mapping of keys to values, not ${this.#problems.shown(at)}`);
      return undefined;
    }
    const { name: givenName, type, ...keys } = value as Keys;
    const kind = this.#kindOf(type, position, keys);
    const name = await this.#nameOf(givenName, [...at, 'name']);
    if (kind === undefined) return undefined;
    const schema = await kind.schema(this.#reading);
    const strict = { value: keys, remarks: [], isLeftOut: false };
    const { value: read, remarks, isLeftOut } = this.#isOlder ? await forgive(schema, keys) : strict;
    this.remarks.push(...remarks.map((each) => ({ ...each, path: [...at, ...each.path] })));
    if (isLeftOut) return null;
    const config = await this.#problems.check<object>(schema, read, { at, known: ownKeys });
    return config === undefined || name === undefined ? undefined : { name, type: kind.type, config: { ...config } };
  }

  async #nameOf(value: unknown, path: Path): Promise<string | undefined> {
    const written = this.#isOlder && typeof value === 'number' ? String(value) : value;
    const name = await this.#problems.check(componentName(), written, { at: path });
    if (name === undefined) return undefined;
    if (this.#names.has(name) && this.#isOlder) return this.#freeName(name, path);
    if (this.#names.has(name)) this.#problems.add(path, `two components are called '${name}'`);
    this.#names.add(name);
    return name;
  }

  #freeName(name: string, path: Path): string {
    let number = 2;
    while (this.#names.has(`${name}-${number}`)) number++;
    const free = `${name}-${number}`;
    this.#names.add(free);
    this.remarks.push({ path, message: `two components are called '${name}': this one is called '${free}'` });
    return free;
  }

  #kindOf(type: unknown, position: number, keys: Keys): Kind | undefined {
    const path = ['components', position, 'type'];
    const kind = typeof type === 'string' ? this.#kinds.find(type.trim()) : undefined;
    const problem = kind === undefined ? this.#noKind(type, path) : this.#misplaced(kind, position);
    const misspelt = type === undefined ? misspeltType(keys) : undefined;
    // Better told as an unknown key than as one that is missing.
    if (misspelt !== undefined) this.#problems.addUnknown(path.slice(0, -1), [misspelt], ownKeys);
    else if (problem !== null) this.#problems.add(path, problem);
    return kind;
  }

  #noKind(type: unknown, path: Path): string {
    if (type === undefined) return 'is required';
    if (typeof type !== 'string') return `must be a text, not ${this.#problems.shown(path)}`;
    const name = type.trim();
    const closest = nearest(name, this.#kinds.types) ?? '';
    return `unknown component type '${name}'; the nearest known one is ${closest}`;
  }

  #misplaced({ role, type }: Kind, position: number): string | null {
    if (role === 'source' && position > 0) return `${type} is a source, which only the first component can be`;
    if (role === 'source' || position > 0) return null;
    return `the first component must be a source: ${sourceTypes(this.#kinds).join(', ')}`;
  }
}

function componentName() {
  return line(255).superRefine((name, context) => {
    const problem = name === '' ? null : readingProblem(name);
    if (problem !== null) context.addIssue(problem);
  });
}

function misspeltType(keys: Keys): string | undefined {
  return Object.keys(keys).find((key) => key.length <= 6 && distance(key.toLowerCase(), 'type') <= 2);
}
