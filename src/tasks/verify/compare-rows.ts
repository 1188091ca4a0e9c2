import type { LogPosition } from '../../model/event.js';
import type { Finding, FindingKind, RowTable } from './finding.js';

/** A row, or what it should be, as it is compared: its place, and the text of each of its columns. */
export interface ComparedRow {
  readonly position: LogPosition;
  readonly columns: Readonly<Record<string, string>>;
}

/** Compares the rows that a stretch of blocks has with those that it should have. */
export class RowComparison {
  readonly findings: Finding[] = [];
  readonly #table: RowTable;
  readonly #expected: Map<string, ComparedRow>;

  constructor(table: RowTable, expected: readonly ComparedRow[]) {
    this.#table = table;
    this.#expected = new Map(expected.map((row) => [placeOf(row), row]));
  }

  /** Takes a stored row. */
  take(stored: ComparedRow): void {
    const place = placeOf(stored);
    const expected = this.#expected.get(place);
    this.#expected.delete(place);
    if (expected === undefined) this.#find('extra', stored);
    else this.#compare(expected, stored);
  }

  /** Says that there are no more stored rows: what has not come is missing. */
  end(): void {
    for (const row of this.#expected.values()) this.#find('missing', row);
    this.#expected.clear();
  }

  #compare(expected: ComparedRow, stored: ComparedRow): void {
    const differing = Object.keys(expected.columns).filter((name) => expected.columns[name] !== stored.columns[name]);
    if (differing.length > 0) this.#find('different', stored, differing);
  }

  #find(kind: FindingKind, { position }: ComparedRow, columns: readonly string[] = []): void {
    const { blockNumber, logIndex, transactionHash } = position;
    this.findings.push({ kind, table: this.#table, blockNumber, logIndex, transactionHash, columns });
  }
}

/** A row's primary key. */
function placeOf({ position: { blockNumber, logIndex, transactionHash } }: ComparedRow): string {
  return `${blockNumber} ${logIndex} ${transactionHash}`;
}
