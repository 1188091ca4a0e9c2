import { isMeant } from '../../model/event-choice.js';
import { MessageData } from '../../model/event-message.js';
import type { EventMessage, JsonValue } from '../../model/event-message.js';
import type { Stage, StageContext } from '../seam/stage.js';
import { compileRule, RuleError } from './compile-rule.js';
import type { CompiledRule } from './compile-rule.js';
import type { DictMapperConfig } from './config.js';
import type { Fields } from '../seam/field-path.js';

interface Mapping {
  readonly eventName: string | null;
  readonly rules: readonly (readonly [targetKey: string, rule: CompiledRule])[];
}

/**
 * Makes new fields of an event's: only those survive. All mappings that mean an event read the same input, in their order;
 * a later one wins. One that fails is left out, and told once for a batch. An insert of which nothing is left is not delivered; a
 * remove always is, for other rules may have delivered its insert.
 */
export class DictMapper implements Stage {
  readonly #name: string;
  readonly #mappings: readonly Mapping[];

  constructor(name: string, { mappings }: DictMapperConfig) {
    this.#name = name;
    this.#mappings = mappings.map(({ eventName, rules }) => ({
      eventName,
      rules: rules.map((rule) => [rule.targetKey, compileRule(rule)] as const),
    }));
  }

  map(messages: readonly EventMessage[], { logger }: StageContext): Promise<readonly EventMessage[]> {
    const failures: string[] = [];
    const mapped = messages.flatMap((message) => {
      const data = this.mapFields(message, message.data.fields, failures);
      const isTold = data.size > 0 || message.op === 'remove';
      return isTold ? [{ ...message, data: MessageData.ofFields(data) }] : [];
    });
    const [first] = failures;
    if (first !== undefined) {
      logger.log('warn', `${this.#name}: ${failures.length} mappings failed, the first one because ${first}`);
    }
    return Promise.resolve(mapped);
  }

  /** Returns the new fields of one event; what failed is added to `failures`. */
  mapFields(
    event: Pick<EventMessage, 'eventName' | 'eventSignature'>,
    fields: Fields,
    failures: string[],
  ): Map<string, JsonValue> {
    const result = new Map<string, JsonValue>();
    for (const mapping of this.#mappings) {
      if (!isMeant(mapping.eventName, event)) continue;
      try {
        for (const [key, value] of applyRules(mapping, fields)) result.set(key, value);
      } catch (error) {
        if (!(error instanceof RuleError)) throw error;
        failures.push(error.message);
      }
    }
    return result;
  }
}

function applyRules({ rules }: Mapping, fields: Fields): ReadonlyMap<string, JsonValue> {
  const result = new Map<string, JsonValue>();
  for (const [key, rule] of rules) {
    const value = rule(fields);
    if (value !== undefined) result.set(key, value);
  }
  return result;
}
