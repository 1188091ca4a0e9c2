import { h, setText } from '../dom.js';
import { errorText } from '../dialog.js';
import { endsWith } from '../ends-with.js';
import { followEvents } from '../event-stream.js';
import { t } from '../language.js';
import { inZone } from '../zone.js';
import { section, zone } from './cell.js';

const mostLines = 1000;
const firstLines = 300;
/** So often a log that is not there is asked for, over some 30 s: that of a task which runs on another host never comes. */
const mostMisses = 8;

/** Makes the end of a task's log, which grows while it is looked at. */
export function makeLogTail(taskId, signal) {
  const lines = h('div', { class: 'log-lines' });
  const box = h('div', { class: 'log', tabindex: 0, role: 'region', 'aria-label': t('log.region') }, lines);
  const note = h('p', { class: 'log-note' }, t('loading'));
  const follow = h('input', { type: 'checkbox', checked: true, id: 'log-follow' });
  const label = h('label', { class: 'check-label', for: 'log-follow' }, follow, t('log.follow'));
  const ended = endsWith(signal);
  box.addEventListener('scroll', () => (follow.checked = isAtEnd(box)));
  follow.addEventListener('change', () => follow.checked && toEnd(box));
  const waiting = [];
  let hasBegun = false;
  let isOver = false;
  let misses = 0;

  function flush() {
    const fresh = waiting.splice(0);
    if (fresh.length === 0) return;
    lines.append(...fresh.slice(-mostLines).map(drawLine));
    while (lines.childElementCount > mostLines) lines.firstChild.remove();
    if (follow.checked) toEnd(box);
    setText(note, '');
  }

  function take({ name, data }) {
    // What is told from now on is no continuation of what is shown.
    if (name === 'begin') {
      waiting.length = 0;
      lines.replaceChildren();
      setText(note, t('log.empty'));
    }
    if (name === 'line') {
      // Many lines come at once: they are drawn at once.
      if (waiting.push(JSON.parse(data)) === 1) requestAnimationFrame(flush);
    }
    if (name === 'end') {
      setText(note, t('log.over'));
      requestAnimationFrame(() => setText(note, t('log.over')));
      ended.abort();
    }
  }

  function tell(state, failure) {
    if (state === 'open') {
      misses = 0;
      setText(note, lines.childElementCount === 0 ? t('log.empty') : '');
    }
    if (state !== 'lost' || failure === null) return;
    setText(note, failureText(failure));
    // A task that has just begun may open its log yet.
    if (failure.status === 404) misses += 1;
    if (failure.status === 403 || (failure.status === 404 && (isOver || misses >= mostMisses))) ended.abort();
  }

  /** Begins with the task: while that waits there is no log. */
  function update({ status_name: status }) {
    isOver = status !== 'running' && status !== 'queued';
    if (status === 'queued') setText(note, t('log.waits'));
    if (status === 'queued' || hasBegun) return;
    hasBegun = true;
    setText(note, t('loading'));
    void followEvents(`/api/v1/pipeline/task/${taskId}/log/stream?lines=${firstLines}`, {
      signal: ended.signal,
      onEvent: take,
      onState: tell,
    });
  }
  return { node: section('log', t('log.title'), { note: zone(), end: label, extra: 'log-panel' }, box, note), update };
}

function failureText(failure) {
  if (!failure.status) return t('link.lost');
  return failure.status === 403 ? t('log.outside') : t('log.none', { reason: errorText(failure) });
}

function isAtEnd(box) {
  return box.scrollHeight - box.scrollTop - box.clientHeight < 24;
}

function toEnd(box) {
  box.scrollTop = box.scrollHeight;
}

/** Lines are JSON, one object each; what is none is shown as it is. */
function drawLine(text) {
  const { level, time, msg } = parseLine(text);
  if (msg === undefined) return h('div', { class: 'log-line' }, h('span', { class: 'log-text' }, text));
  return h(
    'div',
    { class: 'log-line', dataset: { level } },
    h('time', { class: 'log-time' }, timeText(time)),
    h('span', { class: 'log-level' }, level),
    h('span', { class: 'log-text' }, String(msg)),
  );
}

const levels = { 10: 'trace', 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' };

function parseLine(text) {
  try {
    const { level, time, msg } = JSON.parse(text);
    return { level: levels[level] ?? String(level ?? ''), time, msg };
  } catch {
    return {};
  }
}

function timeText(time) {
  // A time without a zone is told as it is: nobody knows which one it means.
  if (typeof time === 'string' && !/(?:Z|[+-]\d\d:?\d\d)$/.test(time)) return time.slice(11, 23);
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? '' : inZone(date.getTime()).slice(11);
}
