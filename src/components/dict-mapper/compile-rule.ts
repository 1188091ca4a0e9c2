import type { JsonValue } from '../../model/event-message.js';
import { compileCondition } from './condition.js';
import type { MappingRule } from './config.js';
import { parsePath, valueAt } from '../seam/field-path.js';
import type { Fields } from '../seam/field-path.js';
import { findTransformer } from './transformers.js';
import { findValidator } from './validators.js';

/** Returns a field's value, or undefined where the rule gives none. Throws RuleError. */
export type CompiledRule = (fields: Fields) => JsonValue | undefined;

/** A rule that fails fails its mapper. */
export class RuleError extends Error {}

/** Compiles a rule: first the value, then its transformer, its validator and its condition. */
export function compileRule(rule: MappingRule): CompiledRule {
  const path = parsePath(rule.sourceKey);
  const transform = findTransformer(rule.transformer ?? '') ?? ((value: JsonValue) => value);
  const isValid = findValidator(rule.validator ?? '') ?? (() => true);
  const holds = rule.condition === null ? () => true : compileCondition(rule.condition);
  return (fields) => {
    const value = valueAt(fields, path) ?? null;
    if (value === null) return whenMissing(rule);
    const changed = transform(value, fields);
    if (!isValid(changed)) throw new RuleError(`${rule.sourceKey} is no ${String(rule.validator)}`);
    return holds(fields) ? changed : rule.defaultValue;
  };
}

function whenMissing({ sourceKey, defaultValue, required }: MappingRule): JsonValue | undefined {
  if (defaultValue === undefined && required) throw new RuleError(`${sourceKey} is required, and missing`);
  return defaultValue;
}
