import { getJson } from '../api-client.js';
import { h, setText } from '../dom.js';
import { endsWith } from '../ends-with.js';
import { formatAge, formatInstant, formatNumber, secondsBetween, t } from '../language.js';
import { live } from '../live.js';
import { section } from '../parts/cell.js';
import { makeFacts } from '../parts/facts.js';
import { makeLogTail } from '../parts/log-tail.js';
import { pipelineOf } from '../parts/pipeline-name.js';
import { makeProgress } from '../parts/progress.js';
import { makePulse } from '../parts/pulse.js';
import { readUntilDone } from '../parts/retry.js';
import { makeRateChart } from '../parts/rate-chart.js';
import { makeSilenceMeter } from '../parts/silence-meter.js';
import { makeCancelButton, makeStartButton } from '../parts/task-actions.js';
import { makeTaskRows, whyText } from '../parts/task-rows.js';
import { pipelinePath } from '../router.js';
import { waitText } from '../parts/server-texts.js';
import { furtherOn, justRead, lastBlock, levelText, taskLevel } from '../task-state.js';
import { failureMessage } from './not-found.js';

const ratesMs = 10_000;
const againMs = 2_000;
const mostAttempts = 8;

/** The page of a task: how it is doing, how fast, what it says, and why it ended. */
export function taskPage({ id, signal }) {
  const node = h('div', { class: 'single' }, h('p', { class: 'muted' }, `${t('loading')} …`));
  const ends = endsWith(signal);
  let view = null;
  let known = null;
  let readAt = performance.now();
  const path = `/api/v1/live/task/${id}`;
  async function begin() {
    known = furtherOn(known, justRead(await getJson(path, { signal: ends.signal })));
    const changed = (task) => ((known = furtherOn(known, task)), view.show(known));
    view = makeView(known, { signal: ends.signal, changed, failIfGone });
    node.replaceChildren(...view.nodes);
    view.show(known);
  }
  /** What there is not, or no more, is asked for no longer. */
  function fail(error) {
    if (error.status === 404) ends.abort();
    node.replaceChildren(failureMessage(error, t('task.notFound', { id: String(id) })));
  }
  /** What else can't be read stays as it was: it grows silent. */
  function failIfGone(error) {
    if (error.status === 404) fail(error);
    return null;
  }
  const reader = readUntilDone(begin, ends.signal, fail);
  async function readAgain() {
    readAt = performance.now();
    const told = await getJson(path, { signal: ends.signal }).catch(failIfGone);
    if (told !== null) known = furtherOn(known, justRead(told));
  }
  return {
    node,
    title: t('task.title', { id: String(id) }),
    update() {
      if (ends.signal.aborted) return;
      const current = live.get(`task:${id}`);
      if (current !== null) known = furtherOn(known, current);
      // What the stream does not tell about has ended, or is one of very many that run.
      else if (isLiving(known) && live.isCurrent && live.isComplete && performance.now() - readAt > againMs) {
        void readAgain();
      }
      reader.update();
      if (view !== null) view.show(known);
    },
  };
}

function isLiving(task) {
  return ['running', 'queued'].includes(task?.status_name);
}

function makeView(task, { signal, changed, failIfGone }) {
  const { task_id: id, pipeline_id: pipelineId } = task;
  const pulse = makePulse();
  const state = h('span', { class: 'state' });
  const pipeline = h('a', { href: pipelinePath(pipelineId) });
  const cancel = makeCancelButton(id, changed);
  const start = makeStartButton(pipelineId);
  const title = h('h1', { class: 'page-title' }, t('task.title', { id: String(id) }));
  const pill = h('span', { class: 'pill' }, pulse.node, state);
  const head = h(
    'header',
    { class: 'page-head' },
    h('div', {}, h('p', { class: 'crumb' }, pipeline), h('div', { class: 'title-line' }, title, pill)),
    h('div', { class: 'actions' }, cancel, start),
  );
  const meter = makeSilenceMeter();
  const silence = section('silence', t('column.silence'), {}, h('div', { class: 'panel-body' }, meter.node));
  const progress = makeProgress(pipelineId, signal);
  const why = h('p', {});
  const error = h('p', { class: 'code' });
  const end = section('why', t('why.title'), { extra: 'why-panel' }, h('div', { class: 'panel-body' }, why, error));
  const wait = h('p', {});
  const waiting = section('waiting', t('wait.title'), { extra: 'wait-panel' }, h('div', { class: 'panel-body' }, wait));
  const facts = makeFacts();
  const chart = makeRateChart(signal);
  const attempts = makeTaskRows();
  const log = makeLogTail(id, signal);
  const refresh = followSlowly(task, { chart, attempts }, { signal, failIfGone });
  const side = h(
    'div',
    { class: 'column column-side' },
    section('facts', t('task.facts'), {}, h('div', { class: 'panel-body' }, facts.node)),
  );
  const main = h(
    'div',
    { class: 'column' },
    ...[
      waiting,
      end,
      silence,
      section('progress', t('task.progress'), {}, h('div', { class: 'panel-body' }, progress.node)),
    ],
    section('rate', t('task.chart'), {}, chart.node),
    log.node,
    section('attempts', t('task.attempts'), {}, attempts.node),
  );
  return {
    nodes: [head, h('div', { class: 'columns' }, main, side)],
    show(current) {
      const isRunning = current.status_name === 'running';
      pill.dataset.level = taskLevel(current);
      pulse.update(current);
      setText(state, levelText(current));
      setText(pipeline, pipelineOf(task));
      cancel.hidden = !isRunning && current.status_name !== 'queued';
      start.hidden = isBusy(pipelineId, current);
      silence.hidden = !isRunning;
      if (isRunning) meter.update(current);
      waiting.hidden = current.status_name !== 'queued';
      if (!waiting.hidden) setText(wait, waitText(current));
      end.hidden = current.end_reason === null;
      setText(why, whyText(current));
      setText(error, current.error ?? '');
      progress.update(current);
      log.update(current);
      facts.show(factsOf(current));
      refresh(current);
    },
  };
}

/** Says whether a pipeline has a task that runs or waits: then there is nothing to start. */
function isBusy(pipelineId, task) {
  const latest = live.get(`task:${live.get(`pipeline:${pipelineId}`)?.latest_task_id}`);
  return isLiving(task) || isLiving(latest);
}

function durationOf({ create_time: from, end_time: to }) {
  return from === null || to === null ? null : formatAge(secondsBetween(from, to));
}

function factsOf(task) {
  const { progress } = task;
  const number = (value) => (value === null || value === undefined ? null : formatNumber(value));
  return [
    ['fact.created', formatInstant(task.create_time)],
    ['column.heartbeat', task.last_heartbeat === null ? t('age.never') : formatInstant(task.last_heartbeat)],
    ['fact.endTime', task.end_time === null ? null : formatInstant(task.end_time)],
    ['fact.duration', durationOf(task)],
    ['fact.mode', progress ? t(`mode.${progress.mode}`) : null],
    ['fact.lastBlock', progress ? number(lastBlock(progress)) : null],
    ['fact.headBlock', number(progress?.head_block)],
    ['fact.events', number(progress?.events)],
    ['fact.timeout', formatAge(task.timeout_minutes * 60)],
    ['fact.interval', task.heartbeat_interval_seconds ? formatAge(task.heartbeat_interval_seconds) : null],
    ['fact.worker', task.worker],
    ['fact.log', task.log_path],
  ];
}

/** Reads rates and attempts now and then, and at once where the task's status has changed. */
function followSlowly({ task_id: id, pipeline_id: pipelineId }, { chart, attempts }, { signal, failIfGone }) {
  let readAt = -Infinity;
  let seen = null;
  let others = [];
  async function read() {
    const list = `/api/v1/pipeline/tasks?pipeline_id=${pipelineId}&page_size=${mostAttempts}&silence=true`;
    const rates = await getJson(`/api/v1/pipeline/task/${id}/rates`, { signal }).catch(failIfGone);
    if (rates !== null) chart.show(rates);
    others = (await getJson(list, { signal }).catch(() => null))?.tasks.map(justRead) ?? others;
    attempts.show(others);
  }
  return ({ status }) => {
    attempts.show(others);
    const now = performance.now();
    if (status === seen && now - readAt < ratesMs) return;
    [seen, readAt] = [status, now];
    void read();
  };
}
