import { awaitedBlock, lagBlocks, type Progress } from '../../model/task.js';
import type { Lang } from '../../runtime/lang.js';
import { blockText } from '../texts/task-table.js';
import type { Rate } from './progress-rate.js';
import { textsIn } from '../../texts/texts.js';

/** What a line of progress tells. */
export interface ProgressView {
  readonly progress: Progress;
  readonly rate: Rate;
  /** Where this run began; null until it knows. */
  readonly firstBlock: number | null;
  readonly heartbeatAgeSeconds: number | null;
}

/** Returns one line that says how far a run is. */
export function progressText(view: ProgressView, lang: Lang): string {
  return view.progress.mode === 'historical' ? historicalText(view, lang) : realtimeText(view, lang);
}

/** Returns that line with a bar in front, where a run has an end and the terminal room for it. */
export function progressBar(view: ProgressView, lang: Lang, columns: number): string {
  const share = shareOf(view);
  const text = progressText(view, lang);
  const size = Math.min(24, columns - text.length - 2);
  if (share === null || size < 5) return text;
  const done = Math.round(share * size);
  return `${'█'.repeat(done)}${'░'.repeat(size - done)} ${text}`;
}

function historicalText(view: ProgressView, lang: Lang): string {
  const { progress, rate } = view;
  const share = shareOf(view);
  const texts = textsIn(lang).progress;
  const parts = [
    share === null ? null : `${Math.floor(share * 100)} %`,
    blockText(progress, lang),
    texts.events(count(progress.events)),
    texts.eventsPerSecond(count(rate.eventsPerSecond)),
    etaText(view, lang),
  ];
  return parts.filter((part) => part !== null).join(', ');
}

function realtimeText({ progress, heartbeatAgeSeconds: age }: ProgressView, lang: Lang): string {
  const { headBlock, events } = progress;
  const isWaiting = awaitedBlock(progress) !== null;
  const lag = isWaiting ? null : lagBlocks(progress);
  const texts = textsIn(lang).progress;
  const parts = [
    isWaiting ? blockText(progress, lang) : null,
    headBlock === null ? null : texts.head(headBlock),
    lag === null ? null : texts.behind(count(lag), lag === 1),
    texts.events(count(events)),
    age === null ? null : texts.heartbeatAgo(Math.floor(age)),
  ];
  return parts.filter((part) => part !== null).join(', ');
}

function shareOf({ progress: { nextBlock, targetBlock }, firstBlock }: ProgressView): number | null {
  if (nextBlock === null || targetBlock === null || firstBlock === null) return null;
  const total = targetBlock - firstBlock + 1;
  return total <= 0 ? 1 : Math.min(1, Math.max(0, (nextBlock - firstBlock) / total));
}

/** Who waits for the chain is done when the chain gets there: the speed of reading says nothing of that. */
function etaText({ progress, rate }: ProgressView, lang: Lang): string | null {
  const { nextBlock, targetBlock } = progress;
  if (nextBlock === null || targetBlock === null || rate.blocksPerSecond === 0) return null;
  if (awaitedBlock(progress) !== null) return null;
  const seconds = Math.max(0, targetBlock + 1 - nextBlock) / rate.blocksPerSecond;
  return textsIn(lang).progress.eta(durationText(seconds));
}

/** Returns a duration as people write it: `45s`, `3m05s`, `2h07m`. */
export function durationText(seconds: number): string {
  const whole = Math.round(seconds);
  const pad = (value: number): string => String(value).padStart(2, '0');
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m${pad(whole % 60)}s`;
  return `${Math.floor(whole / 3600)}h${pad(Math.floor((whole % 3600) / 60))}m`;
}

function count(value: number): string {
  return (value < 10 ? Math.round(value * 10) / 10 : Math.round(value)).toLocaleString('en-US');
}
