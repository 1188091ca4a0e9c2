import { formatNumber, t } from '../language.js';

/** Returns in a few words how far a task has come. */
export function progressText(progress) {
  if (!progress || progress.next_block === null) return t('progress.none');
  const { mode, next_block: next, target_block: target, head_block: head } = progress;
  const shown = (block) => (block === null ? '–' : formatNumber(block));
  if (mode === 'historical') return t('progress.historical', { next: shown(next), target: shown(target) });
  return t('progress.realtime', { next: shown(next), head: shown(head) });
}

/** Returns in a few words how far a task is behind the head. */
export function lagText(progress) {
  const lag = progress?.lag_blocks ?? null;
  if (lag === null) return '–';
  return lag === 0 ? t('lag.none') : t('lag.blocks', { n: lag });
}
