import type { z } from 'zod';
import type { FormRemark } from './older-form.js';

type Path = readonly PropertyKey[];
type Issue = z.core.$ZodIssue;

/** A problem may hide another one. */
const mostRounds = 5;

/** A value, and what was left out of it. */
interface Forgiven {
  readonly value: unknown;
  readonly remarks: readonly FormRemark[];
  /** True where it is a caller of methods that its ABI lacks, and of no others. */
  readonly isLeftOut: boolean;
}

/**
 * Changes a value of an older definition to what the older program took it for: unknown keys are left out, as are events and calls
 * that the ABI lacks where others stay, and texts become the numbers and booleans that are meant. What else is wrong stays.
 */
export async function forgive(schema: z.ZodType, value: unknown): Promise<Forgiven> {
  const remarks: FormRemark[] = [];
  const copy: unknown = structuredClone(value);
  for (let round = 0; round < mostRounds; round++) {
    const issues = (await schema.safeParseAsync(copy)).error?.issues ?? [];
    const changed = issues.flatMap((issue) => change(copy, issue) ?? []);
    // Items move up where one is left out: until nothing else is wrong, problems are told where they stand.
    const dropped = issues.every((issue) => droppable(issue) !== null) ? drop(copy, issues) : [];
    const isLeftOut = issues.length > 0 && dropped.length === 0 && issues.every(isOfCall);
    if (isLeftOut) remarks.push(...issues.map(({ path, message }) => ({ path, message: `${message}; left out` })));
    if (isLeftOut) return { value: copy, remarks, isLeftOut };
    if (changed.length === 0 && dropped.length === 0) break;
    remarks.push(...changed.flatMap((each) => each.remarks), ...dropped);
  }
  return { value: copy, remarks, isLeftOut: false };
}

/** Changes keys and values in their places; undefined: nothing was changed. */
function change(root: unknown, issue: Issue): { readonly remarks: readonly FormRemark[] } | undefined {
  if (issue.code === 'invalid_type' || issue.code === 'invalid_union') {
    return convert(root, issue) ? { remarks: [] } : undefined;
  }
  if (issue.code !== 'unrecognized_keys') return undefined;
  const parent = at(root, issue.path);
  for (const key of issue.keys) Reflect.deleteProperty(parent as object, key);
  const message = 'unknown key, which is left out';
  return { remarks: issue.keys.map((key) => ({ path: [...issue.path, key], message })) };
}

/** Leaves out what an ABI lacks, the last ones first, so that the others stay in their places until then. */
function drop(root: unknown, issues: readonly Issue[]): readonly FormRemark[] {
  const told = new Map<string, Issue>();
  for (const issue of issues) {
    const item = droppable(issue);
    if (item !== null && !told.has(item.join('.'))) told.set(item.join('.'), issue);
  }
  return [...told.values()].reverse().flatMap(({ path, message }) => {
    const list = at(root, path.slice(0, 1));
    // None would mean all events, or no call at all.
    if (!Array.isArray(list) || list.length < 2) return [];
    list.splice(Number(path[1]), 1);
    return [{ path, message: `${message}; left out` }];
  });
}

/** Returns where the item of a list stands that an ABI lacks; null: the issue is another one. */
function droppable({ code, path }: Pick<Issue, 'code' | 'path'>): Path | null {
  if (code !== 'custom') return null;
  if (path[0] === 'events_to_monitor' && path.length === 2) return path;
  return path[0] === 'contract_callers' && isOfCall({ code, path }) ? path.slice(0, 2) : null;
}

/** Says whether an ABI lacks the method of a call, in a list or on the component itself. */
function isOfCall({ code, path }: Pick<Issue, 'code' | 'path'>): boolean {
  const key = path[0] === 'contract_callers' ? path[2] : path[0];
  return code === 'custom' && (key === 'method_name' || key === 'method_params');
}

function convert(root: unknown, issue: Issue & { code: 'invalid_type' | 'invalid_union' }): boolean {
  const parent = at(root, issue.path.slice(0, -1));
  const key = issue.path.at(-1);
  if (key === undefined || typeof parent !== 'object' || parent === null) return false;
  const meant = meantBy(Reflect.get(parent, key), issue.code === 'invalid_type' ? issue.expected : 'number');
  return meant !== undefined && Reflect.set(parent, key, meant);
}

/** Returns what a text stands for where a number or a boolean is wanted, or the other way round. */
function meantBy(written: unknown, expected: string): unknown {
  if (expected === 'string')
    return typeof written === 'number' || typeof written === 'boolean' ? String(written) : undefined;
  const text = typeof written === 'string' || typeof written === 'number' ? String(written).trim().toLowerCase() : '';
  if (expected === 'boolean')
    return new Map([
      ['true', true],
      ['1', true],
      ['false', false],
      ['0', false],
    ]).get(text);
  return typeof written === 'string' && /^-?\d{1,15}(?:\.\d{1,15})?$/.test(text) ? Number(text) : undefined;
}

function at(root: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : null),
    root,
  );
}
