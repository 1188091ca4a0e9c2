import type { Registry } from '../../components/registry.js';
import { fieldsBelow } from '../../components/stages-of.js';
import type { Component } from '../../model/pipeline.js';
import type { FormRemark } from './older-form.js';

/** Returns what the stages of a pipeline remark of its events, each with its path in the definition. */
export async function stageRemarks(components: readonly Component[], kinds: Registry): Promise<readonly FormRemark[]> {
  const remarks = await Promise.all(
    components.map(async ({ type, config }, position) => {
      const kind = kinds.find(type);
      if (kind?.role !== 'stage' || kind.remarks === undefined) return [];
      const found = await kind.remarks(config, fieldsBelow(components.slice(0, position), kinds));
      return found.map(({ at, message }) => ({ path: ['components', position, ...at], message }));
    }),
  );
  return remarks.flat();
}
