import { h, keyedList, setText } from '../dom.js';
import { formatAge, formatNumber, formatShortInstant, hasText, secondsBetween, t } from '../language.js';
import { live } from '../live.js';
import { pipelinePath } from '../router.js';
import { levelText, taskLevel } from '../task-state.js';
import { cell, headings, taskCell, zone } from './cell.js';
import { pipelineOf } from './pipeline-name.js';
import { waitText } from './server-texts.js';
import { makePulse } from './pulse.js';

/** Makes a list of tasks of any status; those that the server tells about live are shown as they are now. */
export function makeTaskRows() {
  const rows = h('ul', { class: 'rows' });
  const head = headings(
    ['name', t('column.task')],
    ['state', t('column.state')],
    ['began', t('column.began'), ' ', zone()],
    ['end', t('column.end'), ' ', zone()],
    ['events', t('column.events')],
    ['why', t('column.why')],
  );
  const list = keyedList(rows, ({ task_id: id }) => id, makeRow);
  return {
    node: h('div', { class: 'attempts' }, head, rows),
    show(tasks) {
      head.hidden = tasks.length === 0;
      list.show(tasks.map((task) => live.get(`task:${task.task_id}`) ?? task));
    },
  };
}

function makeRow({ task_id: id, pipeline_id: pipelineId }) {
  const pulse = makePulse();
  const pipeline = h('a', { class: 'row-about', href: pipelinePath(pipelineId) });
  const [state, began, end, events, why] = ['state', 'number', 'number', 'number', 'why'].map((kind) =>
    h('span', { class: kind }),
  );
  const node = h(
    'li',
    { class: 'row row-attempt' },
    pulse.node,
    taskCell(id, pipeline),
    cell('state', t('column.state'), state),
    cell('began', [t('column.began'), ' ', zone()], began),
    cell('end', [t('column.end'), ' ', zone()], end),
    cell('events', t('column.events'), events),
    cell('why', t('column.why'), why),
  );
  return {
    node,
    update(task) {
      node.dataset.level = taskLevel(task);
      pulse.update(task);
      setText(pipeline, pipelineOf(task));
      setText(state, levelText(task));
      setText(began, formatShortInstant(task.create_time));
      setText(end, task.end_time === null ? '–' : endText(task));
      setText(events, task.progress ? formatNumber(task.progress.events) : '–');
      const text = reasonText(task);
      setText(why, text);
      why.title = text;
    },
  };
}

function endText(task) {
  const end = formatShortInstant(task.end_time);
  return task.create_time === null ? end : `${end} (${formatAge(secondsBetween(task.create_time, task.end_time))})`;
}

/** Returns in a few words why a task waits, or ended as it did. */
function reasonText(task) {
  if (task.status_name === 'queued') return waitText(task);
  return task.error ?? (task.end_reason ?? '').replaceAll('_', ' ');
}

/** Returns for people why a task ended. */
export function whyText({ end_reason: reason }) {
  const key = `why.${reason}`;
  return hasText(key) ? t(key) : t('why.other', { reason: (reason ?? '').replaceAll('_', ' ') });
}
