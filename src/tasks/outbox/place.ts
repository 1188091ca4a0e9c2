import type { DifferenceOp, Reach } from '../../database/events/difference.js';
import type { Versions } from '../../database/events/changed-blocks.js';
import type { EventPlace } from '../../database/events/event-key.js';

/** What a sink has, or shall have: a pipeline's rows at a version, up to a block; null: whatever their block. */
export interface Extent {
  readonly version: number;
  readonly block: number | null;
}

/** One way from what a sink has to what it shall have: the difference between two extents. */
export interface Pass {
  readonly from: Extent;
  readonly to: Extent;
  /** The newest block that had been read at the version of `to`; null: none. */
  readonly headBlock: number | null;
  /** How often a person has had something sent again. */
  readonly replay: number;
  /** It sends a stretch again. */
  readonly resends: boolean;
  /** What the `seq` of its messages is made of; left out: an older version has begun it, or it is where a sink begins. */
  readonly number?: number | undefined;
}

/** An event that has been told of. */
export interface Told {
  readonly op: DifferenceOp;
  readonly place: EventPlace;
}

/** How far a pass has come: behind an event, at its beginning or at its end. */
export interface SinkPlace {
  readonly pass: Pass;
  readonly at: Told | 'begin' | 'end';
}

type PlaceJson = readonly [
  from: readonly [number, number | null],
  to: readonly [number, number | null],
  headBlock: number | null,
  replay: number,
  resends: 0 | 1,
  at: 'begin' | 'end' | readonly [DifferenceOp, number, number, string],
  number?: number,
];

/** Passes that can begin within a millisecond; their `seq` is a safe integer until 2059. */
const perMillisecond = 4_096;

/** Writes a place; the text holds all that is needed to go on from it. */
export function placeText({ pass: { from, to, headBlock, replay, resends, number }, at }: SinkPlace): string {
  const told =
    typeof at === 'string' ? at : ([at.op, at.place.blockNumber, at.place.logIndex, at.place.transactionHash] as const);
  const json: PlaceJson = [
    [from.version, from.block],
    [to.version, to.block],
    headBlock,
    replay,
    resends ? 1 : 0,
    told,
    ...(number === undefined ? ([] as const) : ([number] as const)),
  ];
  return JSON.stringify(json);
}

/** Reads what `placeText` wrote; null where it is something else. */
export function readPlace(text: string): SinkPlace | null {
  if (
    !/^\[\[\d+,(?:-?\d+|null)\],\[\d+,(?:-?\d+|null)\],(?:\d+|null),\d+,[01],(?:"begin"|"end"|\[.*\])(?:,\d+)?\]$/.test(
      text,
    )
  ) {
    return null;
  }
  const [from, to, headBlock, replay, resends, at, number] = JSON.parse(text) as PlaceJson;
  const pass = {
    from: { version: from[0], block: from[1] },
    to: { version: to[0], block: to[1] },
    headBlock,
    replay,
    resends: resends === 1,
    number,
  };
  if (typeof at === 'string') return { pass, at };
  const [op, blockNumber, logIndex, transactionHash] = at;
  return { pass, at: { op, place: { blockNumber, logIndex, transactionHash } } };
}

/** Returns a pass's number; of one without, it is above every `seq` that an older version made up to its end. */
export function numberOf({ to, number }: Pick<Pass, 'to' | 'number'>): number {
  return number ?? (to.version + 1) * perMillisecond;
}

/**
 * Returns the number of a pass that begins at an instant: above all of the sink's earlier passes, and of those of a life of the
 * pipeline that was deleted, or is lost with a database that was set back.
 */
export function nextNumber(last: Pass | undefined, time: number): number {
  return Math.max(time * perMillisecond, last === undefined ? 0 : numberOf(last) + 1);
}

/** Says which of two passes came later: positive where `one` did. */
export function comparePasses(one: Pass, other: Pass): number {
  return one.to.version - other.to.version || one.replay - other.replay || lastBlock(one.to) - lastBlock(other.to) || 0;
}

/** Returns the version from which on the journal is needed to go on from a place. */
export function neededVersion({ pass: { from, to }, at }: SinkPlace): number {
  // From nothing on nothing can be taken away, so that only what has gone since `to` is needed.
  return at === 'end' || from.version === 0 ? to.version : from.version;
}

/** The versions between which a pass delivers. */
export function versionsOf({ from, to }: Pass): Versions {
  return { from: from.version, to: to.version };
}

/** The blocks up to which its rows count. */
export function reachOf({ from, to }: Pass): Reach {
  return { from: from.block ?? Infinity, to: to.block ?? Infinity };
}

/** The block up to which all is delivered once a pass is over; null: none. */
export function lastBlockOf({ to, headBlock }: Pass): number | null {
  if (to.block === null || headBlock === null) return headBlock;
  return to.block < 0 ? null : Math.min(to.block, headBlock);
}

function lastBlock({ block }: Extent): number {
  return block ?? Number.MAX_SAFE_INTEGER;
}
