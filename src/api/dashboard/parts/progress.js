import { getJson } from '../api-client.js';
import { h, setAttributes, setText } from '../dom.js';
import { currentLanguage, formatAge, formatInstant, formatNumber, t } from '../language.js';
import { live } from '../live.js';
import { awaitedBlock, doneFraction, lagUnknownSince, lastBlock } from '../task-state.js';

/** Returns in a few words how far a task has come, and in which shard of its pipeline's history. */
export function progressText({ progress, shard }) {
  const text = reachedText(progress);
  return shard === undefined ? text : t('progress.shard', { shard, progress: text });
}

function reachedText(progress) {
  if (!progress || progress.next_block === null) return t('progress.none');
  const { mode, target_block: target, head_block: head } = progress;
  const awaited = awaitedBlock(progress);
  if (awaited !== null) return t('progress.waiting', { block: awaited, head });
  const last = lastBlock(progress);
  const shown = (block) => (block === null ? '–' : formatNumber(block));
  if (mode === 'historical') return t('progress.historical', { last: shown(last), target: shown(target) });
  return t('progress.realtime', { last: shown(last), head: shown(head) });
}

/** Returns in a few words how far a task is behind the head, where that is known. */
export function lagText(task) {
  const since = lagUnknownSince(task);
  const lag = task.progress?.lag_blocks ?? null;
  if (since !== null) return t('lag.unknown', { time: formatInstant(since) });
  if (lag === null) return '–';
  return lag === 0 ? t('lag.none') : t('lag.blocks', { n: lag });
}

/** Makes a task's progress: a bar where there is an end to reach, else how far it is behind the head. */
export function makeProgress(pipelineId, signal) {
  const text = h('p', { class: 'progress-text number' });
  const fill = h('span', { class: 'meter-fill' });
  const bar = h('span', { class: 'meter-track', role: 'progressbar', 'aria-valuemin': 0, 'aria-valuemax': 100 }, fill);
  const detail = h('p', { class: 'muted number' });
  const paces = [];
  let startBlock = null;
  getJson(`/api/v1/pipeline/config/${pipelineId}`, { signal })
    .then(({ components: [source] }) => (startBlock = source?.start_block ?? null))
    // Without the definition there is no bar.
    .catch(() => undefined);
  return {
    node: h('div', { class: 'progress' }, text, bar, detail),
    update(task) {
      // Where a shard begins is told of its pipeline, not of the task.
      const done = task.shard === undefined ? doneFraction(task.progress, startBlock) : null;
      setText(text, progressText(task));
      bar.hidden = done === null;
      if (done !== null) {
        fill.style.width = `${done * 100}%`;
        setAttributes(bar, { 'aria-valuenow': Math.round(done * 100), 'aria-label': t('task.progress') });
      }
      setText(detail, detailText(task, done, paces));
    },
  };
}

function detailText(task, done, paces) {
  if (!task.progress) return '';
  if (task.progress.mode === 'realtime') return task.status_name === 'running' ? lagText(task) : '';
  if (done === null) return '';
  const percent = new Intl.NumberFormat(currentLanguage(), { style: 'percent', maximumFractionDigits: 1 }).format(done);
  const left = task.status_name === 'running' ? secondsLeft(task, paces) : null;
  const parts = [t('progress.done', { percent }), left === null ? null : t('progress.left', { age: formatAge(left) })];
  return parts.filter((part) => part !== null).join(' · ');
}

/** By the blocks of the last minute in which this page was open. */
function secondsLeft({ progress }, paces) {
  const now = performance.now() / 1000;
  if (live.state === 'open') paces.push([now, progress.next_block]);
  while (paces.length > 2 && paces[0][0] < now - 60) paces.shift();
  const [[since, first]] = paces.length === 0 ? [[now, progress.next_block]] : paces;
  const pace = (progress.next_block - first) / (now - since);
  return now - since > 5 && pace > 0 ? (progress.target_block - progress.next_block) / pace : null;
}
