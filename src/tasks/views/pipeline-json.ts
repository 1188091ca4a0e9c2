import type { PipelineSummary } from '../../database/pipelines/pipeline-store.js';
import type { Shard } from '../../model/shard.js';
import type { Pipeline } from '../../model/pipeline.js';
import { definitionKeys } from '../../pipeline/definition/definition-keys.js';
import { wantedToJson, type Wanted } from '../../model/wanted.js';
import type { Standing } from '../lease/parked.js';

/** Returns a pipeline as `pipeline show --json` has it: its state, how it stands, then the keys of its definition. */
export function pipelineToJson(
  pipeline: Pipeline,
  { wanted, ...standing }: Standing & { readonly wanted: Wanted | null },
): object {
  const { id: pipelineId, ...keys } = definitionKeys(pipeline);
  const { disabled, createTime, updateTime } = pipeline;
  return {
    pipeline_id: pipelineId,
    disabled,
    create_time: createTime,
    update_time: updateTime,
    wanted: wantedToJson(wanted),
    ...standingKeys(standing),
    ...keys,
  };
}

function standingKeys({ checkpoint, parked, shards }: Standing): Readonly<Record<string, unknown>> {
  return {
    checkpoint:
      checkpoint === null
        ? null
        : {
            start_block: checkpoint.startBlock,
            block_number: checkpoint.blockNumber,
            block_hash: checkpoint.blockHash,
          },
    parked: parked === null ? null : { task_id: parked.taskId, reason: parked.reason, hint: parked.remedy },
    ...(shards.length === 0 ? {} : { shards: shards.map(shardToJson) }),
  };
}

function shardToJson({ number, after, toBlock, block, taskId }: Shard): object {
  return {
    ...{ shard: number, from_block: after.number + 1, to_block: toBlock },
    ...{ next_block: block.number + 1, task_id: taskId },
  };
}

/** Returns a pipeline in short. */
export function pipelineSummaryToJson(pipeline: PipelineSummary): Readonly<Record<string, unknown>> {
  return {
    pipeline_id: pipeline.id,
    name: pipeline.name,
    classification_id: pipeline.classificationId,
    disabled: pipeline.disabled,
    components: pipeline.componentTypes,
    create_time: pipeline.createTime,
    update_time: pipeline.updateTime,
  };
}
