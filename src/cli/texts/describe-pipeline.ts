import type { Row } from '../../components/seam/component.js';
import { registry } from '../../components/registry.js';
import type { Checkpoint } from '../../model/checkpoint.js';
import type { Shard } from '../../model/shard.js';
import type { Component, Pipeline } from '../../model/pipeline.js';
import type { Standing } from '../../tasks/lease/parked.js';

/** What else is to be seen of a pipeline. */
export interface PipelineSights {
  /** What its queued task waits for; null where none is queued. */
  readonly waitingFor: string | null;
  /** What is wanted of it, in words; null where it was never started. */
  readonly wanted: string | null;
  /** The newest block that has events; below zero where none has. */
  readonly newestStoredBlock: number;
}

/** Describes a pipeline for people, a line each. */
export function describePipeline(
  pipeline: Pipeline,
  { checkpoint, parked, shards }: Standing,
  { waitingFor, wanted, newestStoredBlock }: PipelineSights,
): readonly string[] {
  return [
    `pipeline ${pipeline.id}: ${pipeline.name}`,
    ...lines([
      ['state', pipeline.disabled ? 'disabled' : 'enabled'],
      ['wanted', wanted],
      ['parked', parked === null ? null : `since task ${parked.taskId}: ${parked.reason}`],
      ['to go on', parked?.remedy ?? null],
      [
        'read',
        checkpoint === null ? null : `blocks ${checkpoint.startBlock ?? '?'} to ${checkpoint.blockNumber ?? '?'}`,
      ],
      ['shards', shardsText(shards)],
      ['older events', olderEvents(checkpoint, newestStoredBlock)],
      ['waits for', waitingFor],
      ['description', pipeline.description],
      ['classification', pipeline.classificationId?.toString() ?? null],
      ['timeout', pipeline.timeoutMinutes === null ? null : `${pipeline.timeoutMinutes} min`],
      ['restart', pipeline.restart],
      ['schedule', pipeline.schedule === null ? null : `${pipeline.schedule} (${pipeline.timeZone ?? 'UTC'})`],
      ['created', pipeline.createTime],
      ['updated', pipeline.updateTime],
    ]),
    ...pipeline.components.flatMap(describeComponent),
  ];
}

/** What they have read is there once it has joined, from the first one on. */
function shardsText(shards: readonly Shard[]): string | null {
  const last = shards.at(-1);
  if (last === undefined) return null;
  const blocks = shards.reduce((sum, { after, toBlock }) => sum + toBlock - after.number, 0);
  const read = shards.reduce((sum, { after, block }) => sum + block.number - after.number, 0);
  const each = shards.map(({ number, block, toBlock }) => `${number}: ${block.number}/${toBlock}`).join(', ');
  return `${read} of ${blocks} blocks up to ${last.toBlock} are read ahead (${each})`;
}

/** A run that began anew and was stopped has left those of earlier runs above it. */
function olderEvents(checkpoint: Checkpoint | null, newestStoredBlock: number): string | null {
  const read = checkpoint?.blockNumber ?? null;
  if (read === null || newestStoredBlock <= read) return null;
  return `blocks ${read + 1} to ${newestStoredBlock}, of earlier runs: listed until a run reads them again`;
}

function describeComponent({ name, type, config }: Component, position: number): readonly string[] {
  const title = `component ${position + 1}: ${name} (${type})`;
  return [title, ...lines(registry.find(type)?.rows(config) ?? [])];
}

function lines(rows: readonly Row[]): readonly string[] {
  return rows.flatMap(([label, value]) => (value === null ? [] : [`  ${label.padEnd(16)}${value}`]));
}
