/** Where rows are kept. */
export type RowTable = 'event' | 'undecoded_log';

/** What is wrong: the chain has what is not stored, the other way round, or both have it and it is not the same. */
export type FindingKind = 'missing' | 'extra' | 'different';

/** A row that is not as the chain says. */
export interface Finding {
  readonly kind: FindingKind;
  readonly table: RowTable;
  readonly blockNumber: number;
  readonly logIndex: number;
  readonly transactionHash: string;
  /** The columns that differ. */
  readonly columns: readonly string[];
}
