import { toChecksumAddress } from '../../chain/abi/checksum.js';
import type { DifferenceOp, VersionedEvent } from '../../database/events/difference.js';
import { MessageData } from '../../model/event-message.js';
import type { EventMessage } from '../../model/event-message.js';
import type { EventOrigin } from '../../model/event-origin.js';

/** How often a sink can be told the same again because a person asked for it. */
export const mostReplays = 4_095;

const perOp = mostReplays + 1;
const perVersion = 2 * perOp;

/**
 * Returns a message's number: (2 × version + 1 for an insert) × 4096 + the replay's number, 0 where it is not sent again. A
 * version takes away before it brings, and what is sent again stays below whatever becomes of it later: so the highest number
 * of an id tells the truth. It is a safe integer up to version 1.09 × 10^12.
 */
export function seqOf(version: number, op: DifferenceOp, replay: number): number {
  return version * perVersion + (op === 'insert' ? perOp : 0) + replay;
}

/** Returns the version, and the replay's number, that a message's number was made of. */
export function readSeq(seq: number): { readonly version: number; readonly replay: number } {
  return { version: Math.floor(seq / perVersion), replay: seq % perOp };
}

/** Returns the message that tells of an event, its contract's address in whatever case, as it is before any stage. */
export function eventMessageOf(
  stored: VersionedEvent,
  op: DifferenceOp,
  replay: number,
  origin: EventOrigin,
): EventMessage {
  const { chainId, blockHash, transactionHash, logIndex, eventName, eventSignature } = stored;
  const contractAddress = toChecksumAddress(stored.contractAddress);
  // The event itself says where it stands: another object for each message would cost as much again.
  const place = contractAddress === stored.contractAddress ? stored : { ...stored, contractAddress };
  return {
    id: `${chainId}:${blockHash}:${transactionHash}:${logIndex}`,
    op,
    seq: seqOf(stored.version, op, replay),
    place,
    eventName,
    eventSignature,
    data: MessageData.ofEvent(place, origin),
  };
}
