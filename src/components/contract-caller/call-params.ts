import type { JsonValue } from '../../model/event-message.js';
import { parsePath, valueAt } from '../field-path.js';
import type { Fields } from '../field-path.js';

/** Returns a parameter's value for an event: what its path leads to, else itself. */
export function paramValue(param: JsonValue, fields: Fields): JsonValue {
  if (Array.isArray(param)) return (param as readonly JsonValue[]).map((each) => paramValue(each, fields));
  if (typeof param !== 'string') return param;
  const found = fields.get(param) ?? valueAt(fields, parsePath(param));
  // An argument that an event lacks is no text to call with.
  return found ?? (/^args[.[]/.test(param) ? null : param);
}
