import { toChecksumAddress } from '../../chain/abi/checksum.js';
import type { DifferenceOp, VersionedEvent } from '../../database/events/difference.js';
import { MessageData } from '../../model/event-message.js';
import type { EventMessage } from '../../model/event-message.js';
import type { EventOrigin } from '../../model/event-origin.js';
import { numberOf } from './place.js';
import type { Pass } from './place.js';

/** How often a sink can be told the same again because a person asked for it. */
export const mostReplays = 4_095;

const perOp = mostReplays + 1;
const perVersion = 2 * perOp;

/** Returns a message's rank: (2 × version + 1 for an insert) × 4096 + the replay's number, 0 if it is not sent again. */
export function rankOf(version: number, op: DifferenceOp, replay: number): number {
  return version * perVersion + (op === 'insert' ? perOp : 0) + replay;
}

/** Returns the version and the replay's number that a rank was made of. */
export function readRank(rank: number): { readonly version: number; readonly replay: number } {
  return { version: Math.floor(rank / perVersion), replay: rank % perOp };
}

/** Returns a message's `seq`: a pass takes away before it brings. */
function seqOf(pass: Pass, op: DifferenceOp): number {
  return 2 * numberOf(pass) + (op === 'insert' ? 1 : 0);
}

/** Returns the message that tells of an event, its contract's address in whatever case, as it is before any stage. */
export function eventMessageOf(
  stored: VersionedEvent,
  op: DifferenceOp,
  pass: Pass,
  origin: EventOrigin,
): EventMessage {
  const { chainId, blockHash, transactionHash, logIndex, eventName, eventSignature } = stored;
  const contractAddress = toChecksumAddress(stored.contractAddress);
  // The event itself says where it stands: another object for each message would cost as much again.
  const place = contractAddress === stored.contractAddress ? stored : { ...stored, contractAddress };
  return {
    id: `${chainId}:${blockHash}:${transactionHash}:${logIndex}`,
    op,
    seq: seqOf(pass, op),
    rank: rankOf(stored.version, op, pass.resends ? pass.replay : 0),
    place,
    eventName,
    eventSignature,
    data: MessageData.ofEvent(place, origin),
  };
}
