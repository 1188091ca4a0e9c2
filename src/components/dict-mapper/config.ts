import type { JsonValue } from '../../model/event-message.js';
import type { ConditionConfig } from './condition.js';

/** How one field comes to be. */
export interface MappingRule {
  /** A path into the event: dots and `[n]`. */
  readonly sourceKey: string;
  /** Taken literally: a dot in it stays a dot. */
  readonly targetKey: string;
  readonly transformer: string | null;
  readonly validator: string | null;
  readonly condition: ConditionConfig | null;
  /** For a value that is missing or null; undefined: none. */
  readonly defaultValue?: JsonValue;
  readonly required: boolean;
}

/** Rules for one event, or for all. */
export interface DictMapping {
  readonly eventName: string | null;
  readonly rules: readonly MappingRule[];
}

/** A dict mapper as it is stored. */
export interface DictMapperConfig {
  readonly mappings: readonly DictMapping[];
}
