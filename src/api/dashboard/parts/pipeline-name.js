import { t } from '../language.js';
import { live } from '../live.js';

/** Returns what people call a pipeline: its name, or its number where it has none. */
export function pipelineName(id) {
  return live.get(`pipeline:${id}`)?.name || t('pipeline.title', { id: String(id) });
}

/** Returns what people call what a task runs: its pipeline, or a shard of it. */
export function pipelineOf({ pipeline_id: id, shard }) {
  return shard === undefined ? pipelineName(id) : t('pipeline.shard', { pipeline: pipelineName(id), n: String(shard) });
}
