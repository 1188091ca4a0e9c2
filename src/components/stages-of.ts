import type { Component } from '../model/pipeline.js';
import type { Stage, StageOpening } from './component.js';
import { registry } from './registry.js';
import type { Registry } from './registry.js';

/** A stage of a pipeline, not opened yet. */
export interface PipelineStage {
  readonly name: string;
  readonly type: string;
  open(opening: Omit<StageOpening, 'name'>): Promise<Stage>;
}

/** Returns the stages among components, in order. */
export function stagesOf(components: readonly Component[], kinds: Registry = registry): readonly PipelineStage[] {
  return components.flatMap(({ name, type, config }) => {
    const kind = kinds.find(type);
    if (kind?.role !== 'stage') return [];
    return [{ name, type, open: (opening) => kind.open(config, { ...opening, name }) }];
  });
}
