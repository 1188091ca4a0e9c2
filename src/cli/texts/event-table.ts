import { blockTime } from '../../model/event-json.js';
import type { LogPosition } from '../../model/event.js';
import type { StoredEvent, StoredUndecodedLog } from '../../model/stored-event.js';
import type { Cell } from '../terminal/output.js';
import { briefHex } from '../terminal/brief-texts.js';
import type { Heading } from '../terminal/render-table.js';

const positionHeadings: readonly Heading[] = [
  { column: 'block', align: 'right' },
  { column: 'log', align: 'right', cut: 3 },
  { column: 'time', cut: 2 },
  { column: 'contract', cut: 4, brief: briefHex },
];

const transaction: Heading = { column: 'transaction', cut: 5, brief: briefHex };

/** The columns of the events table. */
export const eventHeadings: readonly Heading[] = [
  ...positionHeadings,
  { column: 'event', least: 10 },
  { column: 'arguments', cut: 1, least: 24 },
  transaction,
];

/** The columns of the table of undecoded logs. */
export const undecodedHeadings: readonly Heading[] = [
  ...positionHeadings,
  { column: 'reason', least: 10 },
  { column: 'topic', cut: 1, brief: briefHex },
  transaction,
];

/** Returns an event's row of its table. */
export function eventRow(event: StoredEvent): readonly Cell[] {
  return [...positionCells(event), event.eventName, event.argsJson, event.transactionHash];
}

/** Returns an undecoded log's row of its table. */
export function undecodedRow(log: StoredUndecodedLog): readonly Cell[] {
  return [...positionCells(log), log.reason, log.topics[0], log.transactionHash];
}

function positionCells(log: LogPosition): readonly Cell[] {
  return [log.blockNumber, log.logIndex, blockTime(log.timestamp), log.contractAddress];
}
