import { h, keyedList, setText } from '../dom.js';
import { t } from '../language.js';
import { live } from '../live.js';
import { silentSeconds, taskLevel } from '../task-state.js';
import { cell, headings, section, taskCell } from './cell.js';
import { pipelineOf } from './pipeline-name.js';
import { progressText } from './progress.js';
import { makePulse } from './pulse.js';
import { makeSilenceMeter } from './silence-meter.js';

const most = 50;

/** Makes the list of the tasks that run, the most silent first. */
export function makeRunningList() {
  const rows = h('ul', { class: 'rows' });
  const none = h('p', { class: 'none' });
  const head = headings(
    ['name', t('column.task')],
    ['silence', t('column.silence')],
    ['progress', t('column.progress')],
    ['worker', t('column.worker')],
  );
  const list = keyedList(rows, ({ task_id: id }) => id, makeRow);
  return {
    node: section(
      'running',
      t('tasks.running'),
      { note: t('tasks.running.note'), extra: 'running' },
      ...[head, rows, none],
    ),
    update() {
      const running = live.all('task').filter((task) => task.status_name === 'running');
      // Those that beat stay where they are: only silence moves a task up.
      running.sort((a, b) => (rank(a) === rank(b) ? a.task_id - b.task_id : rank(b) - rank(a)));
      list.show(running.slice(0, most));
      head.hidden = running.length === 0;
      none.hidden = running.length > 0 && running.length <= most;
      const text =
        running.length > most ? t('tasks.more', { n: most }) : live.isComplete ? t('tasks.none') : t('loading');
      setText(none, text);
    },
  };
}

/** A beating task's silence changes each second: sorted by it, rows would jump about. */
function rank(task) {
  // One whose silence nobody knows may be the most silent of all.
  return taskLevel(task) === 'running' ? 0 : (silentSeconds(task) ?? Infinity);
}

function makeRow({ task_id: id }) {
  const pulse = makePulse();
  const meter = makeSilenceMeter();
  const about = h('span', { class: 'row-about' });
  const progress = h('span', { class: 'number' });
  const worker = h('span', { class: 'code' });
  const node = h(
    'li',
    { class: 'row row-task', dataset: { task: id } },
    pulse.node,
    taskCell(id, about),
    cell('silence', t('column.silence'), meter.node),
    cell('progress', t('column.progress'), progress),
    cell('worker', t('column.worker'), worker),
  );
  return {
    node,
    update(task) {
      node.dataset.level = taskLevel(task);
      pulse.update(task);
      meter.update(task);
      setText(about, pipelineOf(task));
      setText(progress, progressText(task));
      setText(worker, task.worker ?? '–');
    },
  };
}
