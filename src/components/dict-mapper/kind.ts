import type { Keys, Row, StageKind } from '../seam/component.js';
import type { DictMapperConfig, DictMapping, MappingRule } from './config.js';
import { mappedFields } from './mapped-fields.js';

/** The stage that makes new fields of an event's by rules. */
export const dictMapper: StageKind<DictMapperConfig> = {
  type: 'dict_mapper',
  role: 'stage',
  schema: async () => (await import('./schema.js')).dictMapperSchema,
  keys: ({ mappings }) => ({ dict_mappers: mappings.map(mappingKeys) }),
  rows: ({ mappings }) => mappings.map(mappingRow),
  fields: mappedFields,
  remarks: async (config, above) => (await import('./mapper-remarks.js')).mapperRemarks(config, above),
  open: async (config, { name }) => {
    const { DictMapper } = await import('./dict-mapper.js');
    return new DictMapper(name, config);
  },
};

function mappingKeys({ eventName, rules }: DictMapping): Keys {
  return { ...(eventName === null ? {} : { event_name: eventName }), mapping_rules: rules.map(ruleKeys) };
}

function ruleKeys(rule: MappingRule): Keys {
  const { condition } = rule;
  const keys = {
    source_key: rule.sourceKey,
    target_key: rule.targetKey,
    transformer: rule.transformer,
    validator: rule.validator,
    condition: condition === null ? null : withoutNulls({ ...condition }),
    default_value: rule.defaultValue ?? null,
    required: rule.required ? true : null,
  };
  return withoutNulls(keys);
}

function withoutNulls(keys: Keys): Keys {
  return Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== null));
}

function mappingRow({ eventName, rules }: DictMapping): Row {
  return [eventName ?? 'every event', rules.map(({ targetKey }) => targetKey).join(', ')];
}
