import type { Row } from '../../components/seam/component.js';
import { registry } from '../../components/registry.js';
import type { Checkpoint } from '../../model/checkpoint.js';
import type { Shard } from '../../model/shard.js';
import type { Component, Pipeline } from '../../model/pipeline.js';
import type { Lang } from '../../runtime/lang.js';
import type { Standing } from '../../tasks/lease/parked.js';
import { textsIn, type Texts } from '../../texts/texts.js';
import { labelledLine } from './labelled-line.js';

/** What else is to be seen of a pipeline. */
export interface PipelineSights {
  /** What its queued task waits for; null where none is queued. */
  readonly waitingFor: string | null;
  /** What is wanted of it, in words; null where it was never started. */
  readonly wanted: string | null;
  /** The newest block that has events; below zero where none has. */
  readonly newestStoredBlock: number;
  /** Contracts that have no code on the chain, as its newest task has found them. */
  readonly withoutCode: readonly string[];
}

/** Describes a pipeline for people, a line each. */
export function describePipeline(
  pipeline: Pipeline,
  { checkpoint, parked, shards }: Standing,
  { waitingFor, wanted, newestStoredBlock, withoutCode }: PipelineSights,
  lang: Lang,
): readonly string[] {
  const { pipelines: texts, commands, tasks } = textsIn(lang);
  const { label } = texts;
  const { timeoutMinutes, schedule } = pipeline;
  return [
    `${texts.title} ${pipeline.id}: ${pipeline.name}`,
    ...lines([
      [label.state, pipeline.disabled ? commands.pipeline.disabled : commands.pipeline.enabled],
      [label.wanted, wanted],
      [label.parked, parked === null ? null : texts.parkedSince(parked.taskId, parked.reason)],
      [label.toGoOn, parked?.remedy ?? null],
      [
        label.read,
        checkpoint === null ? null : texts.blocks(block(checkpoint.startBlock), block(checkpoint.blockNumber)),
      ],
      [label.shards, shardsText(shards, texts)],
      [label.olderEvents, olderEvents(checkpoint, newestStoredBlock, texts)],
      [label.waitsFor, waitingFor],
      [label.warning, withoutCode.length === 0 ? null : texts.withoutCode(withoutCode.join(', '))],
      [label.description, pipeline.description],
      [label.classification, pipeline.classificationId?.toString() ?? null],
      [label.timeout, timeoutMinutes === null ? null : tasks.minutes(timeoutMinutes)],
      [label.restart, pipeline.restart],
      [label.schedule, schedule === null ? null : `${schedule} (${pipeline.timeZone ?? 'UTC'})`],
      [label.created, pipeline.createTime],
      [label.updated, pipeline.updateTime],
    ]),
    ...pipeline.components.flatMap((component, position) => describeComponent(component, position, texts)),
  ];
}

function block(number: number | null): string {
  return String(number ?? '?');
}

/** What they have read is there once it has joined, from the first one on. */
function shardsText(shards: readonly Shard[], texts: Texts['pipelines']): string | null {
  const last = shards.at(-1);
  if (last === undefined) return null;
  const blocks = shards.reduce((sum, { after, toBlock }) => sum + toBlock - after.number, 0);
  const read = shards.reduce((sum, { after, block }) => sum + block.number - after.number, 0);
  const each = shards.map(({ number, block, toBlock }) => `${number}: ${block.number}/${toBlock}`).join(', ');
  return texts.readAhead(read, blocks, last.toBlock, each);
}

/** A run that began anew and was stopped has left those of earlier runs above it. */
function olderEvents(
  checkpoint: Checkpoint | null,
  newestStoredBlock: number,
  texts: Texts['pipelines'],
): string | null {
  const read = checkpoint?.blockNumber ?? null;
  if (read === null || newestStoredBlock <= read) return null;
  return texts.ofEarlierRuns(texts.blocks(block(read + 1), block(newestStoredBlock)));
}

function describeComponent(
  { name, type, config }: Component,
  position: number,
  texts: Texts['pipelines'],
): readonly string[] {
  const title = `${texts.component} ${position + 1}: ${name} (${type})`;
  return [title, ...lines(registry.find(type)?.rows(config) ?? [])];
}

function lines(rows: readonly Row[]): readonly string[] {
  return rows.flatMap(([label, value]) => (value === null ? [] : [labelledLine(label, value)]));
}
