import type { Component } from '../model/pipeline.js';
import type { EventFields, StageOpening } from './seam/component.js';
import type { Stage } from './seam/stage.js';
import { registry } from './registry.js';
import type { Registry } from './registry.js';

/** A stage of a pipeline, not opened yet. */
export interface PipelineStage {
  readonly name: string;
  readonly type: string;
  /** True where it asks the chain. */
  readonly asksChain: boolean;
  open(opening: Omit<StageOpening, 'name'>): Promise<Stage>;
}

/** Returns the stages among components, in order. */
export function stagesOf(components: readonly Component[]): readonly PipelineStage[] {
  return components.flatMap(({ name, type, config }) => {
    const kind = registry.find(type);
    if (kind?.role !== 'stage') return [];
    return [
      { name, type, asksChain: kind.asksChain === true, open: (opening) => kind.open(config, { ...opening, name }) },
    ];
  });
}

/** Returns what is left of the source's events below some components. */
export function fieldsBelow(above: readonly Component[], kinds: Registry): readonly EventFields[] {
  return above.reduce<readonly EventFields[]>((events, { type, config }) => {
    const kind = kinds.find(type);
    if (kind?.role === 'source') return kind.fields(config);
    return kind?.role === 'stage' ? (kind.fields?.(config, events) ?? events) : events;
  }, []);
}
