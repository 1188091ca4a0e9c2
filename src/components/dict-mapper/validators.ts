import type { JsonValue } from '../../model/event-message.js';
import { parseDecimal } from './decimal.js';

type Validator = (value: JsonValue) => boolean;

const named: Readonly<Record<string, Validator>> = {
  is_not_empty: isNotEmpty,
  // The older program lets a line break follow.
  is_valid_address: (value) => typeof value === 'string' && /^0x[0-9a-f]{40}\n?$/i.test(value),
  is_valid_hash: (value) => typeof value === 'string' && /^0x[0-9a-f]{64}\n?$/i.test(value),
  is_positive_number: (value) => typeof value !== 'object' && (parseDecimal(String(value))?.digits ?? 0n) > 0n,
};

/** The names of all validators. */
export const validatorNames: readonly string[] = Object.keys(named);

/** Returns the validator of a name; undefined where there is none. */
export function findValidator(name: string): Validator | undefined {
  return Object.hasOwn(named, name) ? named[name] : undefined;
}

function isNotEmpty(value: JsonValue): boolean {
  if (typeof value === 'string') return value.trim() !== '';
  if (typeof value !== 'object') return true;
  return value !== null && Object.keys(value).length > 0;
}
