import type { LogPosition } from '../../model/event.js';
import type { Finding, FindingKind, RowTable } from './finding.js';

/** A row, or what it should be, as it is compared: what it is of, and the text of each of its columns. */
export interface ComparedRow<T extends LogPosition> {
  readonly item: T;
  readonly columns: Readonly<Record<string, string>>;
}

/** Stored rows of one table that follow on one another, from the first to the last. */
export interface RowStretch {
  readonly first: LogPosition;
  readonly last: LogPosition;
}

/** What must be done to the rows of one table that they be right; rows that are right are not touched. */
export interface RowChange<T> {
  /** What goes, in the order of the chain. */
  readonly goes: readonly RowStretch[];
  readonly comes: readonly T[];
}

/** Compares the rows that a stretch of blocks has with those that it should have. */
export class RowComparison<T extends LogPosition> {
  readonly findings: Finding[] = [];
  readonly #table: RowTable;
  readonly #expected: readonly ComparedRow<T>[];
  readonly #open: Map<string, ComparedRow<T>>;
  readonly #right = new Set<T>();
  readonly #goes: { first: LogPosition; last: LogPosition }[] = [];
  #lastGoes = false;

  constructor(table: RowTable, expected: readonly ComparedRow<T>[]) {
    this.#table = table;
    this.#expected = expected;
    this.#open = new Map(expected.map((row) => [placeOf(row), row]));
  }

  /** Takes a stored row, in the order of the chain. */
  take(stored: ComparedRow<LogPosition>): void {
    const place = placeOf(stored);
    const expected = this.#open.get(place);
    this.#open.delete(place);
    const differing = expected === undefined ? [] : differences(expected, stored);
    const isRight = expected !== undefined && differing.length === 0;
    if (isRight) this.#right.add(expected.item);
    else this.#find(expected === undefined ? 'extra' : 'different', stored.item, differing);
    if (!isRight) this.#go(stored.item);
    this.#lastGoes = !isRight;
  }

  /** Says that others' rows may stand between the last one and the next, which must stay. */
  pass(): void {
    this.#lastGoes = false;
  }

  /** Says that there are no more stored rows: what has not come is missing. Returns what would put things right. */
  end(): RowChange<T> {
    for (const { item } of this.#open.values()) this.#find('missing', item);
    this.#open.clear();
    const comes = this.#expected.map(({ item }) => item).filter((item) => !this.#right.has(item));
    return { goes: this.#goes, comes };
  }

  #go(position: LogPosition): void {
    const stretch = this.#goes.at(-1);
    if (this.#lastGoes && stretch !== undefined) stretch.last = position;
    else this.#goes.push({ first: position, last: position });
  }

  #find(kind: FindingKind, position: LogPosition, columns: readonly string[] = []): void {
    const { blockNumber, logIndex, transactionHash } = position;
    this.findings.push({ kind, table: this.#table, blockNumber, logIndex, transactionHash, columns });
  }
}

function differences({ columns }: ComparedRow<LogPosition>, stored: ComparedRow<LogPosition>): readonly string[] {
  return Object.keys(columns).filter((name) => columns[name] !== stored.columns[name]);
}

/** A row's primary key. */
function placeOf({ item: { blockNumber, logIndex, transactionHash } }: ComparedRow<LogPosition>): string {
  return `${blockNumber} ${logIndex} ${transactionHash}`;
}
