import type { Row } from '../../components/component.js';
import { registry } from '../../components/registry.js';
import type { Checkpoint } from '../../model/checkpoint.js';
import type { Component, Pipeline } from '../../model/pipeline.js';
import type { Standing } from '../../tasks/run/parked.js';

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
  { checkpoint, parked }: Standing,
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
