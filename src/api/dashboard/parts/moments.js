import { t } from '../language.js';
import { pipelineName, pipelineOf } from './pipeline-name.js';

const most = 60;

/** Returns what happened in a timeline, latest first. */
export function momentsOf(timeline) {
  const moments = timeline.tasks.flatMap((task) => [...beginning(task, timeline), ...ending(task)]);
  moments.push(...timeline.reorgs.map((reorg) => reorgMoment(reorg)));
  return moments.sort((a, b) => b.at.localeCompare(a.at)).slice(0, most);
}

function beginning(task, { now, hours }) {
  const since = new Date(Date.parse(`${now}Z`) - hours * 3_600_000).toISOString().slice(0, 19);
  if (task.create_time < since) return [];
  return [{ ...momentOf(task, 'start'), at: task.create_time, kind: 'start' }];
}

function ending(task) {
  if (task.end_time === null) return [];
  const kind = task.end_reason === 'timeout' ? 'timeout' : task.status_name;
  return [{ ...momentOf(task, kind), at: task.end_time, kind }];
}

function momentOf(task, kind) {
  const values = {
    task: String(task.task_id),
    pipeline: pipelineOf(task),
    reason: task.end_reason ?? '',
  };
  return { taskId: task.task_id, text: t(`moment.${kind}`, values) };
}

function reorgMoment({ create_time: at, pipeline_id: pipelineId, task_id: taskId, blocks }) {
  return { at, taskId, kind: 'reorg', text: t('moment.reorg', { n: blocks, pipeline: pipelineName(pipelineId) }) };
}
