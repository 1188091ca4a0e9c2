import type { JournalHead } from '../../database/events/journal-store.js';
import type { SinkStanding } from '../../model/sink.js';
import { readPlace } from './place.js';
import type { SinkPlace } from './place.js';

/**
 * Returns of how many blocks a sink is yet to be told something: that they came or, once the pipeline was set back, that they
 * went. A change of blocks that it has, as a repair is, counts as one.
 */
export function blocksBehind(
  { version, blocks }: Pick<JournalHead, 'version' | 'blocks'>,
  sink: Pick<SinkStanding, 'cursorBlock' | 'place' | 'base'> | null,
): number {
  if (blocks === null) return 0;
  const before = sink !== null && sink.base.version > 0 ? sink.base.block : -1;
  const ahead = blocks.to - (sink?.cursorBlock ?? Math.max(before, blocks.from - 1));
  const place = typeof sink?.place === 'string' ? readPlace(sink.place) : null;
  const hasNothing = place === null || sink?.cursorBlock === null;
  return hasNothing || toldVersion(place) >= version ? Math.max(0, ahead) : Math.max(1, Math.abs(ahead));
}

/** Says whether a sink has something to come that does not wait for a person: rows, a replay, or dead letters. */
export function isOwed(head: Pick<JournalHead, 'version' | 'blocks'>, sink: SinkStanding): boolean {
  return !sink.paused && (sink.dueLetters > 0 || isReplayAsked(sink) || blocksBehind(head, sink) > 0);
}

/** Says whether a stretch is to be sent again that no pass has yet sent. */
export function isReplayAsked({ place, replay }: Pick<SinkStanding, 'place' | 'replay'>): boolean {
  const own = place === null ? null : readPlace(place);
  return replay > (own?.pass.replay ?? 0);
}

/** The version up to which it has been told all. */
function toldVersion({ pass: { from, to }, at }: SinkPlace): number {
  return at === 'end' ? to.version : from.version;
}
