import { getJson } from '../api-client.js';
import { h, svg, setText } from '../dom.js';
import { formatInstant, secondsBetween, t } from '../language.js';
import { live } from '../live.js';
import { pipelinePath, taskPath } from '../router.js';
import { section, zone } from './cell.js';
import { aheadLimit } from '../task-state.js';
import { momentsOf } from './moments.js';
import { pipelineName } from './pipeline-name.js';

const laneHeight = 26;
const mostLanes = 12;
const hourMarks = [24, 18, 12, 6, 0];
const refreshMs = 10_000;

/** Makes the picture of the last day: a line for each pipeline, a bar for each task. */
export function makeTimeline(signal) {
  const lanes = h('div', { class: 'lanes' });
  const moments = h('ol', { class: 'moments' });
  const none = h('p', { class: 'none' }, t('loading'));
  const details = h('details', {}, h('summary', {}, t('timeline.moments')), moments);
  const legend = h(
    'ul',
    { class: 'legend' },
    ...['running', 'succeeded', 'failed', 'timeout', 'silence', 'reorg'].map(legendEntry),
  );
  let readAt = -Infinity;
  let seen = '';
  async function read() {
    try {
      const timeline = await getJson('/api/v1/timeline', { signal });
      show(timeline);
    } catch {
      // It is read again soon; what is shown stays.
    }
  }
  function show(timeline) {
    none.hidden = timeline.tasks.length > 0;
    setText(none, t('timeline.none'));
    details.hidden = timeline.tasks.length === 0;
    lanes.replaceChildren(...drawLanes(timeline));
    moments.replaceChildren(...momentsOf(timeline).map(momentItem));
  }
  return {
    node: section(
      'timeline',
      t('timeline.title'),
      { note: h('span', {}, t('timeline.note'), ' ', t('timeline.zone'), ' ', zone()), extra: 'timeline' },
      legend,
      lanes,
      none,
      details,
    ),
    update() {
      const marks = live.all('task').map(({ task_id: id, status }) => `${id}:${status}`);
      const now = marks.sort().join(' ');
      const isNews = now !== seen && performance.now() - readAt > 1500;
      if (!live.isComplete || (!isNews && performance.now() - readAt < refreshMs)) return;
      [seen, readAt] = [now, performance.now()];
      void read();
    },
  };
}

function legendEntry(kind) {
  return h('li', {}, h('span', { class: `swatch swatch-${kind}`, 'aria-hidden': 'true' }), t(`legend.${kind}`));
}

function drawLanes(timeline) {
  const byPipeline = new Map();
  for (const task of timeline.tasks) {
    byPipeline.set(task.pipeline_id, [...(byPipeline.get(task.pipeline_id) ?? []), task]);
  }
  const latest = (tasks) => Math.max(...tasks.map(({ task_id: id }) => id));
  const shown = [...byPipeline].sort(([, a], [, b]) => latest(b) - latest(a)).slice(0, mostLanes);
  const rows = shown.sort(([a], [b]) => a - b).map(([id, tasks]) => drawLane(id, tasks, timeline));
  return rows.length === 0 ? [] : [...rows, drawAxis(timeline)];
}

function drawLane(pipelineId, tasks, timeline) {
  const bars = tasks.flatMap((task) => drawTask(task, timeline));
  const own = timeline.reorgs.filter(({ pipeline_id: id }) => id === pipelineId);
  const reorgs = own.map((reorg) => drawReorg(reorg, timeline, pipelineName(pipelineId)));
  const label = t('timeline.label', { n: tasks.length });
  return h(
    'div',
    { class: 'lane' },
    h('a', { class: 'lane-name', href: pipelinePath(pipelineId) }, pipelineName(pipelineId)),
    svg(
      'svg',
      { class: 'lane-bars', height: laneHeight, role: 'img', 'aria-label': label },
      ...gridLines(),
      ...bars,
      ...reorgs,
    ),
  );
}

/** A small wedge where the chain was reorganised. */
function drawReorg({ create_time: at, blocks }, { now, hours }, name) {
  const x = (1 - secondsBetween(at, now) / (hours * 3600)) * 100;
  const title = svg('title', {}, t('moment.reorg', { n: blocks, pipeline: name }));
  const wedge = svg('path', { class: 'reorg-mark', d: 'M-4.5,0 4.5,0 0,7.5Z' });
  return svg('svg', { x: `${x}%`, y: 1, overflow: 'visible' }, wedge, title);
}

function gridLines() {
  return hourMarks.map((hours) => {
    const x = `${(1 - hours / 24) * 100}%`;
    return svg('line', { class: 'grid-line', x1: x, x2: x, y1: 0, y2: laneHeight });
  });
}

/** A bar from the start to the last sign of life, and behind it the silence until the end, or until now. */
function drawTask(task, { now, hours }) {
  const place = (instant) => Math.min(1, Math.max(0, 1 - secondsBetween(instant, now) / (hours * 3600)));
  const end = task.end_time ?? now;
  const isTimeout = task.end_reason === 'timeout';
  const sign = task.last_heartbeat ?? task.create_time;
  // A sign of life that lies ahead tells of none.
  const lastSign = secondsBetween(sign, now) < -aheadLimit ? task.create_time : sign;
  const isSilent =
    task.status_name === 'running' && (lastSign !== sign || secondsBetween(lastSign, now) > task.silent_after_seconds);
  const alive = isTimeout || isSilent ? lastSign : end;
  const kind = isTimeout ? 'timeout' : task.status_name;
  const title = svg('title', {}, barTitle(task));
  const bar = (from, to, name, ...children) => {
    const width = Math.max(0, place(to) - place(from)) * 100;
    const props = {
      class: `span span-${name}`,
      x: `${place(from) * 100}%`,
      width: `${width}%`,
      y: 7,
      height: 12,
      rx: 2.5,
    };
    return svg('rect', props, ...children);
  };
  const silence = isTimeout || isSilent ? [bar(alive, end, isTimeout ? 'lost' : 'silence')] : [];
  const edge = svg('line', {
    class: `edge edge-${kind}`,
    ...{ x1: `${place(task.create_time) * 100}%`, x2: `${place(task.create_time) * 100}%`, y1: 4, y2: 22 },
  });
  const bars = [bar(task.create_time, alive, kind), ...silence, ...(isTimeout ? [cross(place(end))] : []), edge];
  const ticks = task.beats_seconds_ago.map((seconds) => tick(Math.max(0, 1 - seconds / (hours * 3600))));
  bars.push(...ticks);
  // For pointers alone: the list of what happened leads there, too.
  const open = () => (location.hash = taskPath(task.task_id));
  return [svg('g', { class: 'task-bar', onclick: open }, title, ...bars)];
}

function tick(x) {
  return svg('line', { class: 'beat-tick', x1: `${x * 100}%`, x2: `${x * 100}%`, y1: 9, y2: 17 });
}

function cross(x) {
  return svg('circle', { class: 'end-timeout', cx: `${x * 100}%`, cy: 13, r: 4.5 });
}

function barTitle(task) {
  const until = task.end_time === null ? '' : ` – ${formatInstant(task.end_time)}`;
  return `${t('task.title', { id: String(task.task_id) })}: ${formatInstant(task.create_time)}${until} ${task.end_reason ?? ''}`;
}

/** Times of the day as the database tells them. */
function drawAxis({ now }) {
  const at = (hours) => new Date(Date.parse(`${now}Z`) - hours * 3_600_000).toISOString().slice(11, 16);
  const mark = (hours) => {
    const node = h('span', { class: 'axis-mark' }, hours === 0 ? t('timeline.now') : at(hours));
    node.style.left = `${(1 - hours / 24) * 100}%`;
    return node;
  };
  return h(
    'div',
    { class: 'lane axis', 'aria-hidden': 'true' },
    h('span', {}),
    h('div', { class: 'axis-marks' }, ...hourMarks.map(mark)),
  );
}

function momentItem({ at, text, taskId, kind }) {
  return h(
    'li',
    { class: `moment moment-${kind}` },
    h('time', { datetime: at }, formatInstant(at)),
    taskId === null ? h('span', {}, text) : h('a', { href: taskPath(taskId) }, text),
  );
}
