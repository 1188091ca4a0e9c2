import { isDeeper } from '../runtime/is-deeper.js';
import { invalidRequest } from './problem.js';

/** What is nested deeper is an attack on the stack of whoever walks through it; definitions have the same bound. */
const mostLevels = 64;

/** Reads the JSON of a body. Throws a ProblemError. */
export function readJson(text: string): unknown {
  const value = parse(text);
  if (!isDeeper(value, mostLevels)) return value;
  throw invalidRequest([{ path: 'body', message: `is nested more than ${mostLevels} levels deep` }]);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw invalidRequest([{ path: 'body', message: 'is no JSON' }]);
  }
}
