import { h, keyedList, setText } from '../dom.js';
import { formatNumber, formatRate, t } from '../language.js';
import { live } from '../live.js';
import { needOf } from './pipeline-need.js';
import { pipelinePath } from '../router.js';
import { beatText, currentRate, lagUnknownSince, levelText, taskLevel } from '../task-state.js';
import { cell, headings, section } from './cell.js';
import { lagText } from './progress.js';
import { waitText } from './server-texts.js';
import { makePulse } from './pulse.js';
import { makeSparkline } from './sparkline.js';

/** Makes the list of all pipelines, what needs a person first: state and why, last heartbeat, lag, rate. */
export function makePipelineList() {
  const rows = h('ul', { class: 'rows' });
  const none = h('p', { class: 'none', hidden: true });
  const head = headings(
    ['name', t('column.pipeline')],
    ['state', t('column.state')],
    ['beat', t('column.heartbeat')],
    ['lag', t('column.lag')],
    ['rate', t('column.rate')],
    ['events', t('column.events')],
  );
  const list = keyedList(rows, ({ pipeline_id: id }) => id, makeRow);
  return {
    node: section('pipelines', t('pipelines.title'), { extra: 'pipelines' }, head, rows, none),
    update() {
      const pipelines = live.all('pipeline').map((pipeline) => withNeed(pipeline));
      pipelines.sort((a, b) => a.need.rank - b.need.rank || a.pipeline_id - b.pipeline_id);
      list.show(pipelines);
      head.hidden = pipelines.length === 0;
      const more = (live.get('system')?.pipelines ?? 0) - pipelines.length;
      none.hidden = pipelines.length > 0 && more <= 0;
      if (pipelines.length > 0) setText(none, t('pipelines.more', { n: more }));
      else setText(none, live.isComplete ? t('pipelines.none') : t('loading'));
    },
  };
}

/** Returns a pipeline with its latest task and what it needs. */
export function withNeed(pipeline) {
  const task = pipeline.latest_task_id === null ? null : live.get(`task:${pipeline.latest_task_id}`);
  return { ...pipeline, task, need: needOf(pipeline, task) };
}

function makeRow({ pipeline_id: id }) {
  const pulse = makePulse();
  const spark = makeSparkline();
  const name = h('a', { class: 'row-link', href: pipelinePath(id) });
  const about = h('span', { class: 'row-about' });
  const [state, beat, lag, rate, events] = ['state', 'number', 'number', 'rate-now', 'number'].map((kind) =>
    h('span', { class: kind }),
  );
  const reason = h('p', { class: 'row-reason' });
  const node = h(
    'li',
    { class: 'row row-pipeline' },
    pulse.node,
    cell('name', t('column.pipeline'), name, about),
    cell('state', t('column.state'), state),
    cell('beat', t('column.heartbeat'), beat),
    cell('lag', t('column.lag'), lag),
    cell('rate', t('column.rate'), rate, spark.node),
    cell('events', t('column.events'), events),
    reason,
  );
  return {
    node,
    update({ task, need, ...pipeline }) {
      const rates = live.get(`rates:${id}`);
      node.dataset.level = taskLevel(task);
      node.dataset.need = need.need;
      reason.hidden = need.reason === null;
      setText(reason, need.reason ?? '');
      pulse.update(task);
      setText(name, pipeline.name || t('pipeline.title', { id: String(id) }));
      setText(about, aboutText(pipeline, task));
      setText(state, task === null ? t('pipeline.never') : levelText(task));
      setText(beat, task === null ? '–' : beatText(task));
      lag.dataset.unknown = task !== null && lagUnknownSince(task) !== null;
      setText(lag, task?.status_name === 'running' ? lagText(task) : '–');
      setText(rate, task?.status_name === 'running' ? formatRate(currentRate(rates)) : '–');
      spark.update(rates?.rates ?? []);
      setText(events, task?.progress ? formatNumber(task.progress.events) : '–');
    },
  };
}

function aboutText({ pipeline_id: id, disabled }, task) {
  const mode = task?.progress ? t(`mode.${task.progress.mode}`) : null;
  const waits = task?.status_name === 'queued' ? waitText(task) : null;
  return [`#${id}`, mode, waits, disabled ? t('pipeline.disabled') : null].filter((part) => part !== null).join(' · ');
}
