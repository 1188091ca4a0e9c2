import type { SinkCursor } from '../../../src/components/seam/sink.js';
import type { BlockRange } from '../../../src/model/block.js';
import { MessageData } from '../../../src/model/event-message.js';
import type { EventMessage } from '../../../src/model/event-message.js';

/** A pipeline's rows at a version, up to a block. */
export interface Extent {
  readonly version: number;
  readonly block: number;
}

export interface Row {
  readonly block: number;
  readonly logIndex: number;
  readonly added: number;
  removed: number;
}

export interface Pass {
  readonly from: Extent;
  readonly to: Extent;
  readonly headBlock: number;
  readonly replay: number;
}

/** The rows of a pipeline with all that ever became of them, and what the real journal tells of it. */
export class SimJournal {
  readonly rows: Row[] = [];
  version = 0;
  /** The last block that was read. */
  head: number;
  finalized: number;

  readonly start: number;

  constructor(start: number) {
    this.start = start;
    this.head = start - 1;
    this.finalized = start - 1;
  }

  /** Reads blocks up to one; of those that were read before, what differs is replaced. */
  read(to: number, rowsOf: (block: number) => number, differs: (row: Row) => boolean = () => false): void {
    this.version += 1;
    for (const row of this.#now((block) => block > this.head && block <= to)) {
      if (differs(row)) row.removed = this.version;
    }
    for (let block = this.head + 1; block <= to; block++) {
      const there = this.#now((each) => each === block).length;
      for (let i = there; i < rowsOf(block); i++) this.#add(block);
    }
    this.head = to;
  }

  /** Replaces rows of a block. */
  repair(block: number, keep: (row: Row) => boolean, more: number): void {
    this.version += 1;
    for (const row of this.#now((each) => each === block)) if (!keep(row)) row.removed = this.version;
    for (let i = 0; i < more; i++) this.#add(block);
  }

  /** Takes back what lies above a block. */
  rewind(to: number): void {
    this.version += 1;
    for (const row of this.#now((block) => block > to)) row.removed = this.version;
    this.head = to;
  }

  /** Begins to read again from a block on, with the rows left as they are. */
  readAgainFrom(block: number): void {
    this.head = block - 1;
  }

  at({ version, block }: Extent): Row[] {
    const there = this.rows.filter((row) => row.added <= version && row.removed > version && row.block <= block);
    return there.sort(inOrder);
  }

  messages({ from, to, replay }: Pass): EventMessage[] {
    const [before, behind] = [new Set(this.at(from)), new Set(this.at(to))];
    const removes = [...before].filter((row) => !behind.has(row)).map((row) => messageOf(row, 'remove', replay));
    const inserts = [...behind].filter((row) => !before.has(row)).map((row) => messageOf(row, 'insert', replay));
    return [...removes, ...inserts];
  }

  inserts({ to, replay }: Pass, range: BlockRange): EventMessage[] {
    const rows = this.at(to).filter(({ block }) => block >= range.from && block <= range.to);
    return rows.map((row) => messageOf(row, 'insert', replay));
  }

  #now(isMeant: (block: number) => boolean): Row[] {
    return this.rows.filter((row) => row.removed === Infinity && isMeant(row.block));
  }

  #add(block: number): void {
    const taken = new Set(
      this.rows.filter((row) => row.block === block && row.removed === Infinity).map((row) => row.logIndex),
    );
    let logIndex = 0;
    while (taken.has(logIndex)) logIndex += 1;
    this.rows.push({ block, logIndex, added: this.version, removed: Infinity });
  }
}

function inOrder(a: Row, b: Row): number {
  return a.block - b.block || a.logIndex - b.logIndex;
}

/** What a row's line in a file says. */
export function textOf({ block, logIndex, added }: Row): string {
  return JSON.stringify({ block, logIndex, added });
}

export function messageOf(row: Row, op: EventMessage['op'], replay = 0): EventMessage {
  const { block: blockNumber, logIndex } = row;
  const place = {
    ...{ chainId: 1, blockNumber, logIndex, blockHash: '0x', timestamp: 0, transactionHash: '0x' },
    ...{ transactionIndex: 0, contractAddress: '0x' },
  };
  const version = op === 'insert' ? row.added : row.removed;
  return {
    id: `${blockNumber}:${logIndex}`,
    op,
    seq: 0,
    rank: version * 8_192 + (op === 'insert' ? 4_096 : 0) + replay,
    ...{ place, eventName: 'E', eventSignature: 'E()', data: MessageData.ofText(textOf(row)) },
  };
}

/** Where a sink stands: behind so many messages of a pass; all of them where its end was told. */
export interface Place {
  readonly pass: Pass;
  readonly told: number | 'end';
}

export function cursorOf(claim: number, place: Place): SinkCursor {
  return { epoch: 'e', claim, place: JSON.stringify(place) };
}
