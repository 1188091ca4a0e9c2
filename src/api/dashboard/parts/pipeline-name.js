import { t } from '../language.js';
import { live } from '../live.js';

/** Returns what people call a pipeline: its name, or its number where it has none. */
export function pipelineName(id) {
  return live.get(`pipeline:${id}`)?.name || t('pipeline.title', { id: String(id) });
}
