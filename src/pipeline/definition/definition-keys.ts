import type { Keys } from '../../components/seam/component.js';
import { registry } from '../../components/registry.js';
import type { Registry } from '../../components/registry.js';
import type { Component, PipelineDefinition } from '../../model/pipeline.js';

/** Returns a definition as the keys and values of its file. */
export function definitionKeys(definition: PipelineDefinition, kinds: Registry = registry): Keys {
  const keys = {
    id: definition.id,
    name: definition.name,
    classification_id: definition.classificationId,
    description: definition.description,
    timeout_minutes: definition.timeoutMinutes,
    restart: definition.restart,
    schedule: definition.schedule,
    time_zone: definition.timeZone,
    components: definition.components.map((component) => componentKeys(component, kinds)),
  };
  return Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== null));
}

/** What a newer version has stored is shown as it is. */
function componentKeys({ name, type, config }: Component, kinds: Registry): Keys {
  return { name, type, ...(kinds.find(type)?.keys(config) ?? config) };
}
