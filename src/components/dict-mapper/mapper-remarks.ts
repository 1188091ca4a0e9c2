import { nearest } from '../../runtime/nearest.js';
import type { EventFields, Remark } from '../seam/component.js';
import { missingEvent, missingKey } from '../keys/event-keys.js';
import type { DictMapperConfig, MappingRule } from './config.js';
import { findTransformer, transformerNames } from './transformers.js';
import { findValidator, validatorNames } from './validators.js';

/** Remarks keys that no event has, and names that mean nothing. */
export function mapperRemarks({ mappings }: DictMapperConfig, above: readonly EventFields[]): readonly Remark[] {
  return mappings.flatMap(({ eventName, rules }, n) => {
    const noEvent = missingEvent(eventName, above);
    if (noEvent !== null) return [{ at: ['dict_mappers', n, 'event_name'], ...noEvent }];
    return rules.flatMap((rule, m) =>
      ruleRemarks(rule, eventName, above).map((each) => ({
        ...each,
        at: ['dict_mappers', n, 'mapping_rules', m, ...each.at],
      })),
    );
  });
}

function ruleRemarks(rule: MappingRule, eventName: string | null, above: readonly EventFields[]): readonly Remark[] {
  const { sourceKey, transformer, validator, condition } = rule;
  const key = missingKey(sourceKey, eventName, above);
  const field = condition?.field ?? null;
  const conditionKey = field === null ? null : missingKey(field, eventName, above);
  return [
    ...(key === null ? [] : [{ at: ['source_key'], ...key }]),
    ...(conditionKey === null ? [] : [{ at: ['condition', 'field'], ...conditionKey }]),
    ...unknownName('transformer', transformer, transformerNames, findTransformer),
    ...unknownName('validator', validator, validatorNames, findValidator),
  ];
}

function unknownName(
  key: string,
  name: string | null,
  names: readonly string[],
  find: (name: string) => unknown,
): readonly Remark[] {
  if (name === null || find(name) !== undefined) return [];
  const closest = nearest(name, names);
  const tail = closest === undefined ? '' : `; the nearest is ${closest}`;
  return [{ at: [key], message: `there is no ${key} ${name}, so that values stay as they are${tail}` }];
}
