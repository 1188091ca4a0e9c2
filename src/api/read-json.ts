import { isDeeper } from '../runtime/is-deeper.js';
import { invalidRequest, type ProblemError } from './problem.js';

/** What is nested deeper is an attack on the stack of whoever walks through it; definitions have the same bound. */
const mostLevels = 64;

/** Values, keys of objects not counted, that a body holds at most: what they are held against grows with them. */
export const mostNodes = 10_000;

/** Reads the JSON of a body. Throws a ProblemError. */
export function readJson(text: string): unknown {
  const value = parse(text);
  if (isDeeper(value, mostLevels)) throw wrong(`is nested more than ${mostLevels} levels deep`);
  if (isLarger(value, mostNodes)) throw wrong(`holds more than ${mostNodes} values`);
  return value;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw wrong('is no JSON');
  }
}

function wrong(message: string): ProblemError {
  return invalidRequest([{ path: 'body', message }]);
}

function isLarger(value: unknown, nodes: number): boolean {
  const open = [value];
  for (let count = 0; open.length > 0; count++) {
    if (count + open.length > nodes) return true;
    const next = open.pop();
    if (typeof next === 'object' && next !== null) open.push(...(Object.values(next) as unknown[]).slice(0, nodes + 1));
  }
  return false;
}
