import { z } from 'zod';
import { RE2JS } from 're2js';
import type { JsonValue } from '../../model/event-message.js';
import { json } from '../keys/json.js';
import { line } from '../keys/texts.js';
import type { ConditionConfig } from './condition.js';
import type { DictMapperConfig, DictMapping, MappingRule } from './config.js';

/** The time that a regular expression takes to compile grows with its characters. */
const longestPattern = 10_000;

const condition = z
  .strictObject({ type: z.string().default('equals'), field: z.string().optional(), value: json.optional() })
  .superRefine(({ type, value }, context) => {
    const problem = type === 'regex' ? patternProblem(value) : null;
    if (problem !== null) context.addIssue({ code: 'custom', path: ['value'], message: problem });
  })
  .transform(({ type, field, value }): ConditionConfig => ({ type, field: field ?? null, value: value ?? null }));

const rule = z
  .strictObject({
    source_key: line(1_000),
    target_key: z.string().min(1).max(255),
    transformer: nameOrEmpty(),
    validator: nameOrEmpty(),
    condition: condition.optional(),
    default_value: json.optional(),
    required: z.boolean().default(false),
    description: z.unknown().optional(),
  })
  .transform((keys): MappingRule => ({
    sourceKey: keys.source_key,
    targetKey: keys.target_key,
    transformer: keys.transformer ?? null,
    validator: keys.validator ?? null,
    condition: keys.condition ?? null,
    ...(keys.default_value === undefined || keys.default_value === null ? {} : { defaultValue: keys.default_value }),
    required: keys.required,
  }));

const mapping = z
  .strictObject({ event_name: line(255).optional(), mapping_rules: z.array(rule).min(1) })
  .transform(({ event_name: name, mapping_rules: rules }): DictMapping => ({ eventName: name ?? null, rules }));

/** The schema of a dict mapper's keys. */
export const dictMapperSchema: z.ZodType<DictMapperConfig> = z
  .strictObject({ dict_mappers: z.array(mapping).min(1) })
  .transform(({ dict_mappers: mappings }) => ({ mappings }));

/** The older program takes an empty name for none. */
function nameOrEmpty() {
  return z.preprocess((value) => (value === '' ? undefined : value), line(100).optional()).optional();
}

function patternProblem(pattern: JsonValue | undefined): string | null {
  if (typeof pattern !== 'string') return 'must be a regular expression';
  if (pattern.length > longestPattern) return `must be a regular expression of at most ${longestPattern} characters`;
  try {
    RE2JS.compile(pattern);
    return null;
  } catch (error) {
    return `must be a regular expression: ${(error as Error).message}`;
  }
}
