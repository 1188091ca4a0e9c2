import type { z } from 'zod';
import { FileProblemsError } from '../../runtime/errors.js';
import type { FileProblem } from '../../runtime/errors.js';
import { nearest } from '../../runtime/nearest.js';
import { issueText } from './issue-text.js';
import type { Spot } from './yaml-file.js';

/** The keys that a schema knows, by those that it does not. */
type KnownKeys = Map<readonly string[], readonly string[]>;
type Path = readonly PropertyKey[];

/** More problems than a person reads at once: each is looked up in the file. */
export const mostProblems = 100;

/** What a schema is used for besides its own problems. */
interface CheckOptions {
  /** Where the value stands in the file. */
  readonly at?: Path;
  /** Keys that are known at that place beside those of the schema. */
  readonly known?: readonly string[];
}

/** A file in which something may be wrong. */
interface SourceFile {
  readonly problems: readonly FileProblem[];
  find(path: Path): Spot;
}

/** Collects all that is wrong with a definition, each with its line. */
export class ProblemList {
  readonly #file: SourceFile;
  readonly #problems: FileProblem[];
  /** Keys of the file that are most likely misspelt, by what was meant. */
  readonly #meant = new Set<string>();

  constructor(file: SourceFile) {
    this.#file = file;
    this.#problems = [...file.problems];
  }

  /** Adds a problem with what a path leads to. */
  add(path: Path, message: string, hint?: string): void {
    if (this.#problems.length >= mostProblems) return;
    const { file, line, shown } = this.#file.find(path);
    // What is written under another name is not missing as well.
    if (shown === null && this.#meant.has(textOf(path))) return;
    this.#problems.push({ file, line, key: keyOf(path), message, hint });
  }

  /** Adds a problem for each key that nobody knows. */
  addUnknown(path: Path, keys: readonly string[], known: readonly string[]): void {
    for (const key of keys.slice(0, mostProblems)) {
      const hint = settingHint(key);
      const suggestion = hint === undefined ? nearest(key, known) : undefined;
      const tail = suggestion === undefined ? '' : `; the nearest known key is ${suggestion}`;
      if (suggestion !== undefined) this.#meant.add(textOf([...path, suggestion]));
      this.add([...path, key], `unknown key${tail}`, hint);
    }
  }

  /** Says how a value of the file may be shown in a message. */
  shown(path: Path): string {
    return this.#file.find(path).shown ?? 'nothing';
  }

  /** Holds a value against a schema; returns what that makes of it, or undefined, with a problem for all that is wrong. */
  async check<T>(schema: z.ZodType<T>, value: unknown, options: CheckOptions = {}): Promise<T | undefined> {
    const knownKeys: KnownKeys = new Map();
    const error = (issue: z.core.$ZodRawIssue): string | undefined => {
      if (issue.code === 'unrecognized_keys') knownKeys.set(issue.keys, shapeKeys(issue.inst));
      return issueText(issue);
    };
    const result = await schema.safeParseAsync(value, { error });
    if (result.success) return result.data;
    this.#addIssues(result.error.issues.slice(0, mostProblems), knownKeys, options);
    return undefined;
  }

  /** Throws FileProblemsError with all problems in the order of their lines, where there are any. */
  throwIfAny(): void {
    if (this.#problems.length === 0) return;
    const sorted = this.#problems.toSorted((a, b) => a.line - b.line);
    throw new FileProblemsError(sorted.slice(0, mostProblems));
  }

  #addIssues(issues: readonly z.core.$ZodIssue[], knownKeys: KnownKeys, { at = [], known = [] }: CheckOptions): void {
    for (const { path, ...issue } of issues) {
      if (issue.code !== 'unrecognized_keys') continue;
      const own = path.length === 0 ? known : [];
      this.addUnknown([...at, ...path], issue.keys, [...own, ...(knownKeys.get(issue.keys) ?? [])]);
    }
    const mistyped = new Set(issues.flatMap(({ code, path }) => (code === 'invalid_type' ? [textOf(path)] : [])));
    for (const issue of issues) {
      // How long a list is does not matter where a text is meant.
      const isSecond = isCount(issue) && mistyped.has(textOf(issue.path));
      if (issue.code !== 'unrecognized_keys' && !isSecond) this.#addIssue([...at, ...issue.path], issue);
    }
  }

  #addIssue(path: Path, issue: z.core.$ZodIssue): void {
    const { shown, isPlain } = this.#file.find(path);
    if (shown === null && issue.code !== 'custom') {
      this.add(path, 'is required');
      return;
    }
    const { hint, shows } = paramsOf(issue);
    const message = path.length === 0 ? `a definition ${issue.message}` : issue.message;
    const isUnquoted = issue.message === 'must be a text' && isPlain;
    this.add(path, shows && shown !== null ? `${message}, not ${shown}` : message, isUnquoted ? 'quote it' : hint);
  }
}

/** What a schema of ours says of a problem: what to do, and whether the value is shown behind the message. */
interface IssueParams {
  readonly hint?: string | undefined;
  readonly shows?: boolean;
}

function paramsOf(issue: z.core.$ZodIssue): IssueParams {
  if (issue.code === 'custom') return (issue.params ?? {}) as IssueParams;
  return { shows: issue.message.startsWith('must ') && issue.code !== 'invalid_format' && !isCount(issue) };
}

/** Says whether an issue is how many items a list has. */
function isCount(issue: z.core.$ZodIssue): boolean {
  return (issue.code === 'too_small' || issue.code === 'too_big') && issue.origin === 'array';
}

function settingHint(key: string): string | undefined {
  if (!/rpc|endpoint|provider|^url$|node_url/i.test(key)) return undefined;
  return "a chain's RPC URLs are settings, never part of a definition: use --rpc-url or, for ethereum, ETHEREUM_RPC_URL";
}

function textOf(path: Path): string {
  return path.map(String).join('.');
}

/** Returns the key that a path is of; null where it is none's. */
export function keyOf(path: Path): string | null {
  return path.findLast((part) => typeof part === 'string') ?? null;
}

function shapeKeys(schema: unknown): readonly string[] {
  return Object.keys((schema as z.ZodObject)._zod.def.shape);
}
