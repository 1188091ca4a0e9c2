import { t } from '../language.js';

const most = 60;

/** Returns what happened in a timeline, latest first. */
export function momentsOf(timeline, nameOf) {
  const moments = timeline.tasks.flatMap((task) => [...beginning(task, timeline, nameOf), ...ending(task, nameOf)]);
  moments.push(...timeline.reorgs.map((reorg) => reorgMoment(reorg, nameOf)));
  return moments.sort((a, b) => b.at.localeCompare(a.at)).slice(0, most);
}

function beginning(task, { now, hours }, nameOf) {
  const since = new Date(Date.parse(`${now}Z`) - hours * 3_600_000).toISOString().slice(0, 19);
  if (task.create_time < since) return [];
  return [{ ...momentOf(task, 'start', nameOf), at: task.create_time, kind: 'start' }];
}

function ending(task, nameOf) {
  if (task.end_time === null) return [];
  const kind = task.end_reason === 'timeout' ? 'timeout' : task.status_name;
  return [{ ...momentOf(task, kind, nameOf), at: task.end_time, kind }];
}

function momentOf(task, kind, nameOf) {
  const values = { task: String(task.task_id), pipeline: nameOf(task.pipeline_id), reason: task.end_reason ?? '' };
  return { taskId: task.task_id, text: t(`moment.${kind}`, values) };
}

function reorgMoment({ create_time: at, pipeline_id: pipelineId, task_id: taskId, blocks }, nameOf) {
  return { at, taskId, kind: 'reorg', text: t('moment.reorg', { n: blocks, pipeline: nameOf(pipelineId) }) };
}
