import type { EventMessage } from '../../model/event-message.js';

/** What becomes of each row that a batch means. */
export interface FinalMessages {
  readonly inserts: readonly EventMessage[];
  readonly removes: readonly EventMessage[];
}

/**
 * Returns what is left to do of a batch, for a statement takes a row only once: for each place the last insert that was not
 * taken back, else the last remove. An insert replaces what is at its place, so that no remove need come before it.
 */
export function finalMessages(messages: readonly EventMessage[]): FinalMessages {
  if (areInsertsInOrder(messages)) return { inserts: messages, removes: [] };
  const inserts = new Map<string, EventMessage>();
  const removes = new Map<string, EventMessage>();
  for (const message of messages) {
    const { blockNumber, logIndex, transactionHash, blockHash } = message.place;
    const place = `${blockNumber} ${logIndex} ${transactionHash}`;
    if (message.op === 'insert') inserts.set(place, message);
    else {
      if (inserts.get(place)?.place.blockHash === blockHash) inserts.delete(place);
      removes.set(`${place} ${blockHash}`, message);
    }
  }
  if (removes.size === 0) return { inserts: [...inserts.values()], removes: [] };
  const isLeft = ({ place: { blockNumber, logIndex, transactionHash } }: EventMessage): boolean =>
    !inserts.has(`${blockNumber} ${logIndex} ${transactionHash}`);
  return { inserts: [...inserts.values()], removes: [...removes.values()].filter(isLeft) };
}

/** Nearly all batches: no two of them are of one place. */
function areInsertsInOrder(messages: readonly EventMessage[]): boolean {
  let [block, log] = [-1, -1];
  for (const { op, place } of messages) {
    const isNext = place.blockNumber > block || (place.blockNumber === block && place.logIndex > log);
    if (op === 'remove' || !isNext) return false;
    [block, log] = [place.blockNumber, place.logIndex];
  }
  return true;
}
