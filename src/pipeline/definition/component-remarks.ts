import type { Remark } from '../../components/seam/component.js';
import { missingEvent } from '../../components/keys/event-keys.js';
import type { Registry } from '../../components/registry.js';
import { fieldsBelow } from '../../components/stages-of.js';
import type { Component } from '../../model/pipeline.js';
import type { FormRemark } from './older-form.js';

/** Returns what the stages and sinks of a pipeline remark of its events, each with its path in the definition. */
export async function componentRemarks(
  components: readonly Component[],
  kinds: Registry,
): Promise<readonly FormRemark[]> {
  const remarks = await Promise.all(
    components.map(async (component, position) => {
      const found = await remarksOf(component, components.slice(0, position), kinds);
      return found.map(({ at, message }) => ({ path: ['components', position, ...at], message }));
    }),
  );
  return remarks.flat();
}

async function remarksOf(
  { type, config }: Component,
  above: readonly Component[],
  kinds: Registry,
): Promise<readonly Remark[]> {
  const kind = kinds.find(type);
  if (kind?.role === 'stage') return (await kind.remarks?.(config, fieldsBelow(above, kinds))) ?? [];
  if (kind?.role !== 'sink') return [];
  // Of an event that the source never gives a sink would deliver nothing, for ever and in silence.
  const events = fieldsBelow(above, kinds);
  return (kind.describe(config).eventNames ?? []).flatMap((name) => {
    const remark = missingEvent(name, events);
    return remark === null ? [] : [{ ...remark, at: ['event_name'] }];
  });
}
