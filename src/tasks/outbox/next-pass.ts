import type { SinkDescription } from '../../components/seam/component.js';
import type { JournalHead } from '../../database/events/journal-store.js';
import type { SinkStanding } from '../../model/sink.js';
import { nextNumber } from './place.js';
import type { Extent, Pass } from './place.js';

/** What there is to deliver. */
export interface Due {
  readonly head: Pick<JournalHead, 'version' | 'blocks' | 'time'>;
  readonly delivery: SinkDescription['delivery'];
  /** The newest block that the chain can't replace any more; -1 where that is not known. */
  readonly finalized: number;
  readonly wish: Pick<SinkStanding, 'replay' | 'replayFrom'>;
}

/** Returns the pass that follows one that is over; null where nothing is due. */
export function nextPass(last: Pass, { head, delivery, finalized, wish }: Due): Pass | null {
  const has = counted(last, delivery);
  const headBlock = head.blocks?.to ?? null;
  const number = nextNumber(last, head.time);
  if (wish.replay > last.replay && wish.replayFrom !== null) {
    // What is there is sent once more: a difference that begins below the block, of one version.
    const from = { version: has.version, block: wish.replayFrom - 1 };
    return { from, to: has, headBlock: last.headBlock, replay: wish.replay, resends: true, number };
  }
  const to = { version: head.version, block: nextBlock(has, delivery, Math.min(finalized, headBlock ?? -1)) };
  if (to.version === has.version && to.block === has.block) return null;
  return { from: has, to, headBlock, replay: last.replay, resends: false, number };
}

/** Finality never takes back what has been delivered. */
function nextBlock({ block }: Extent, delivery: SinkDescription['delivery'], finalized: number): number | null {
  return delivery === 'latest' ? null : Math.max(block ?? -1, finalized);
}

/** A sink that used to deliver at once has all blocks that had been read. */
function counted({ to, headBlock }: Pass, delivery: SinkDescription['delivery']): Extent {
  return delivery === 'finalized' && to.block === null ? { ...to, block: headBlock ?? -1 } : to;
}

/** Returns the pass that sends a stretch again to a sink of which nothing is known but, perhaps, the pass that its row names. */
export function adoptingPass({ head, delivery, finalized, wish }: Due, last: Pass | undefined): Pass {
  const headBlock = head.blocks?.to ?? null;
  const from = { version: head.version, block: (wish.replayFrom ?? 0) - 1 };
  const to = { version: head.version, block: nextBlock(from, delivery, Math.min(finalized, headBlock ?? -1)) };
  return { from, to, headBlock, replay: wish.replay, resends: true, number: nextNumber(last, head.time) };
}
