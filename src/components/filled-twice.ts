import type { Component } from '../model/pipeline.js';
import type { Registry } from './registry.js';
import type { Surroundings } from './seam/component.js';
import { areSet, withVariables } from './seam/variables.js';

/** A sink whose target another one above it fills. */
interface FilledTwice {
  /** Where it stands in the definition. */
  readonly path: readonly PropertyKey[];
  /** The name of the other. */
  readonly by: string;
}

/**
 * Finds the sinks that would fill what another one fills, however they write it, where a run would stand in these surroundings;
 * null: nobody knows where, and what is written differently differs.
 */
export function filledTwice(
  components: readonly (Component | undefined)[],
  kinds: Registry,
  surroundings: Surroundings | null,
): readonly FilledTwice[] {
  const filledBy = new Map<string, string>();
  return components.flatMap((component, position) => {
    const kind = kinds.find(component?.type ?? '');
    if (component === undefined || kind?.role !== 'sink' || kind.fills === undefined) return [];
    const { key, name } = kind.fills(configIn(component, surroundings), surroundings);
    const target = `${kind.type} ${name}`;
    const by = filledBy.get(target);
    if (by !== undefined) return [{ path: ['components', position, key], by }];
    filledBy.set(target, component.name);
    return [];
  });
}

function configIn({ config }: Component, surroundings: Surroundings | null): object {
  if (surroundings === null || !areSet(config, surroundings.variables)) return config;
  return withVariables(config, surroundings.variables);
}
