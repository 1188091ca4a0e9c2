import { isMeant } from '../../model/event-choice.js';
import type { EventFields, Field } from '../seam/component.js';
import { resultKeys } from './config.js';
import type { CallConfig, ContractCallerConfig } from './config.js';
import { typesOf } from './select-method.js';

/** Returns an event's fields and those of the answers, by the types that the methods return. */
export function calledFields({ calls }: ContractCallerConfig, above: EventFields): EventFields {
  const types = new Map<string, string[]>();
  for (const call of calls) {
    if (!isMeant(call.eventName, above)) continue;
    for (const key of resultKeys(call)) types.set(key, [...(types.get(key) ?? []), answerType(call)]);
  }
  const known = new Set(above.fields.map(({ name }) => name));
  const added = [...types]
    .filter(([name]) => !known.has(name))
    .map(([name, of]): Field => ({ name, type: listOf(of) }));
  return { ...above, fields: [...above.fields, ...added] };
}

/** Several outputs are a list of them. */
function answerType({ method }: CallConfig): string {
  const types = typesOf(method.outputs);
  return types.length === 1 ? (types[0] ?? 'text') : `(${types.join(',')})`;
}

/** Several answers under one name are a list, in the order of the calls. */
function listOf([first = 'text', ...others]: readonly string[]): string {
  if (others.length === 0) return first;
  return others.every((type) => type === first) ? `${first}[]` : 'text';
}
