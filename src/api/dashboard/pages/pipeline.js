import { getJson } from '../api-client.js';
import { h, setText } from '../dom.js';
import { endsWith } from '../ends-with.js';
import { t } from '../language.js';
import { live } from '../live.js';
import { needOf } from '../parts/pipeline-need.js';
import { section } from '../parts/cell.js';
import { makeComponentGraph } from '../parts/component-graph.js';
import { makeEventTable } from '../parts/event-table.js';
import { makePulse } from '../parts/pulse.js';
import { readUntilDone } from '../parts/retry.js';
import { makeSinkList } from '../parts/sink-list.js';
import { makeStartButton, makeWantedButtons } from '../parts/task-actions.js';
import { makeTaskRows } from '../parts/task-rows.js';
import { taskPath, tasksPath } from '../router.js';
import { justRead, levelText, taskLevel } from '../task-state.js';
import { failureMessage } from './not-found.js';

const mostTasks = 5;
const refreshMs = 10_000;
const againMs = 2_000;

/** The page of a pipeline: its components, its sinks, its tasks, its events. */
export function pipelinePage({ id, params, signal }) {
  const node = h('div', { class: 'single' }, h('p', { class: 'muted' }, `${t('loading')} …`));
  const ends = endsWith(signal);
  let view = null;
  /** What the server told of the definition that is shown, by where it was told. */
  const shown = new Map();
  async function read() {
    const definition = await getJson(configPath(id), { signal: ends.signal });
    view = makeView(definition, params, { signal: ends.signal, fail });
    node.replaceChildren(...view.nodes);
    view.update();
  }
  /** What there is not, or no more, is asked for no longer. */
  function fail(error) {
    if (error.status === 404) ends.abort();
    node.replaceChildren(failureMessage(error, t('pipeline.notFound', { id: String(id) })));
  }
  let reader = readUntilDone(read, ends.signal, fail);
  /** A definition that takes the place of the one that is shown is read, too: the stream tells its revision, the API all of it. */
  function notice(source, told) {
    if (view === null || told === null) return;
    const { revision, name, description, disabled, components } = told;
    const mark = JSON.stringify([revision, name, description, disabled, components]);
    if (shown.has(source) && mark !== shown.get(source)) reader = readUntilDone(read, ends.signal, fail);
    shown.set(source, mark);
  }
  return {
    node,
    title: t('pipeline.title', { id: String(id) }),
    update() {
      if (ends.signal.aborted) return;
      const streamed = live.get(`pipeline:${id}`) ?? null;
      if (streamed === null) notice('config', view?.told() ?? null);
      else notice('stream', streamed);
      reader.update();
      view?.update();
    },
  };
}

const configPath = (id) => `/api/v1/pipeline/config/${id}`;

function makeView(definition, params, { signal, fail }) {
  const { pipeline_id: id, name, description, disabled } = definition;
  const pulse = makePulse();
  const state = h('a', { class: 'state' });
  const pill = h('span', { class: 'pill' }, pulse.node, state);
  const start = makeStartButton(id);
  const wanted = makeWantedButtons(id);
  const reason = h('p', { class: 'muted row-reason' });
  const head = h(
    'header',
    { class: 'page-head' },
    h(
      'div',
      {},
      h(
        'p',
        { class: 'crumb' },
        t('pipeline.title', { id: String(id) }),
        disabled ? ` · ${t('pipeline.disabled')}` : '',
      ),
      h('div', { class: 'title-line' }, h('h1', { class: 'page-title' }, name), pill),
      description ? h('p', { class: 'muted' }, description) : null,
      reason,
    ),
    h('div', { class: 'actions' }, ...wanted.nodes, start),
  );
  const graph = makeComponentGraph(definition);
  const tasks = makeTaskRows();
  const more = h('a', { class: 'panel-link', href: tasksPath({ pipeline_id: id }) }, t('pipeline.allTasks'));
  const refresh = followTasks(id, tasks, signal);
  const now = followPipeline(definition, { signal, fail });
  const sinks = makeSinkList(id, signal);
  const events = makeEventTable(id, params, signal);
  const nodes = [
    head,
    section('components', t('pipeline.components'), {}, graph.node),
    sinks.node,
    section('its-tasks', t('pipeline.tasks'), {}, tasks.node, more),
    events.node,
  ];
  return {
    nodes,
    told: () => now()?.pipeline,
    update() {
      const told = now();
      const task = told?.task ?? null;
      // What runs or waits already is not started once more; nor what may, for all that is known.
      start.hidden = told === null || disabled || ['running', 'queued'].includes(task?.status_name);
      if (told !== null) wanted.update(told.pipeline, task);
      const need = told === null ? null : needOf(told.pipeline, task);
      reason.hidden = (need?.reason ?? null) === null;
      setText(reason, need?.reason ?? '');
      pill.hidden = task === null;
      pill.dataset.level = taskLevel(task);
      pulse.update(task);
      if (task !== null) {
        setText(state, levelText(task));
        state.href = taskPath(task.task_id);
      }
      graph.update(task, live.get(`rates:${id}`));
      refresh(task);
      sinks.update();
      events.update(task);
    },
  };
}

/**
 * Returns a function that tells the pipeline and its newest task as they are now; null: that is not known yet. The stream
 * tells of the first pipelines; others are asked for, and one that is gone `fail`s.
 */
function followPipeline(definition, { signal, fail }) {
  const { pipeline_id: id } = definition;
  let readAt = -Infinity;
  let told = null;
  async function read() {
    try {
      const pipeline = await getJson(configPath(id), { signal }).catch((error) => {
        if (error.status === 404) fail(error);
        throw error;
      });
      told = { pipeline, task: await readNewest(id, signal) };
    } catch {
      // What can't be read stays as it was: it grows silent.
    }
  }
  return () => {
    const pipeline = live.get(`pipeline:${id}`);
    if (pipeline !== null) {
      const latest = pipeline.latest_task_id;
      return { pipeline, task: latest === null ? null : live.get(`task:${latest}`) };
    }
    if (live.isComplete && live.isCurrent && performance.now() - readAt > againMs) {
      readAt = performance.now();
      void read();
    }
    return told === null ? null : { ...told, task: live.get(`task:${told.task?.task_id}`) ?? told.task };
  };
}

/** Reads a pipeline's newest task; null: it has none. */
async function readNewest(pipelineId, signal) {
  const newest = await getJson(`/api/v1/pipeline/${pipelineId}/latest-task`, { signal }).catch((error) => {
    if (error.status !== 404) throw error;
    return null;
  });
  return newest === null ? null : justRead(await getJson(`/api/v1/live/task/${newest.task_id}`, { signal }));
}

function followTasks(pipelineId, rows, signal) {
  let readAt = -Infinity;
  let seen = '';
  let tasks = [];
  async function read() {
    const path = `/api/v1/pipeline/tasks?pipeline_id=${pipelineId}&page_size=${mostTasks}&silence=true`;
    tasks = (await getJson(path, { signal }).catch(() => null))?.tasks.map(justRead) ?? tasks;
    rows.show(tasks);
  }
  return (latest) => {
    rows.show(tasks);
    const mark = `${latest?.task_id}:${latest?.status}`;
    if (mark === seen && performance.now() - readAt < refreshMs) return;
    [seen, readAt] = [mark, performance.now()];
    void read();
  };
}
