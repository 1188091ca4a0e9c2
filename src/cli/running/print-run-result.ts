import { eventsRead, statusName, statusText } from '../../model/task.js';
import type { TaskResult } from '../../tasks/run/task-options.js';
import { plural } from '../../texts/in-both.js';
import type { Output } from '../terminal/output.js';

/** Prints what a run has done; as one line of JSON where several runs are told of. */
export async function printRunResult(
  output: Output,
  { task, progress }: TaskResult,
  durationMs: number,
  streams = false,
): Promise<void> {
  const seconds = Math.round(durationMs) / 1000;
  if (output.isJson) {
    const document = {
      task_id: task.id,
      pipeline_id: task.pipelineId,
      status: task.status,
      status_text: statusText(task.status, 'zh'),
      status_name: statusName(task.status),
      end_reason: task.endReason,
      mode: progress.mode,
      next_block: progress.nextBlock,
      target_block: progress.targetBlock,
      head_block: progress.headBlock,
      events: progress.events,
      seconds,
    };
    return streams ? output.jsonText(`${JSON.stringify(document)}\n`) : output.json(document);
  }
  const rate = Math.round(eventsRead(progress) / Math.max(seconds, 0.001));
  const next = progress.nextBlock === null ? '' : `, next block ${progress.nextBlock}`;
  await output.line(
    `task ${task.id} of pipeline ${task.pipelineId} ${task.endReason ?? 'ended'}: ${progress.events} ${plural(progress.events, 'event', 'events')} in ${seconds} s (${rate}/s)${next}`,
  );
}
