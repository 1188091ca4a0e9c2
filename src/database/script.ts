/** A value that both databases take as it is. */
export type SqlValue = string | number | null | Buffer;

/** One SQL statement with positional bindings. */
export interface Statement {
  readonly sql: string;
  readonly bindings: readonly SqlValue[];
  /** The statement must match exactly so many rows (true: one); otherwise the whole script is rolled back. */
  readonly fence?: boolean | number;
}

/** A column of a bulk insert with its value in each row; of a `hex` column texts are 0x-hex, and their bytes are stored. */
export interface InsertColumn {
  readonly name: string;
  readonly hex?: boolean;
  /** Says that hardly any two texts are the same: then none are compared. */
  readonly distinct?: boolean;
  /** The column's type where a database must be told it, for texts stand for its values. */
  readonly type?: string;
  readonly values: readonly SqlValue[];
}

/** Which table is meant. */
export interface TablePath {
  readonly table: string;
  /** The schema (MySQL calls it a database) that it is in; left out: where its name leads to. */
  readonly schema?: string | undefined;
}

/** Many rows for one table, column by column: an array for each row would cost more than what is in it. */
export interface BulkInsert extends TablePath {
  /** Columns that no two rows share: a row that has the same values in them is replaced. Left out: that is an error. */
  readonly key?: readonly string[];
  /** What is the same in every row, by column: it is written once, not once a row. Not where there is a `key`. */
  readonly shared?: Readonly<Record<string, string | number>>;
  /** At least one. */
  readonly columns: readonly InsertColumn[];
  /** How many rows: each column has a value for each. */
  readonly count: number;
}

/** Many rows of one table that are deleted where they are there: those that have all of the values, none of which is null. */
export interface BulkDelete extends TablePath {
  readonly match: readonly InsertColumn[];
  /** How many rows: each column has a value for each. */
  readonly count: number;
}

export type ScriptStep = Statement | BulkInsert | BulkDelete;

/** What a step did. */
export interface StepResult {
  /** Rows matched by an UPDATE or DELETE, inserted by an INSERT. */
  readonly matched: number;
  /** The id that an INSERT was given; 0 otherwise. */
  readonly insertId: number;
}

/**
 * Runs scripts: lists of statements that are one transaction and need no round trip in their middle, so that a process
 * that is frozen between two instructions leaves no lock behind.
 */
export interface ScriptRunner {
  /**
   * Runs all steps or none. Throws FenceError where a fence did not hold (nothing is written then), and
   * DatabaseUnreachableError where the outcome is unknown. Calls `sent` once the steps have left this process, or shortly
   * after where nobody takes them.
   */
  run(steps: readonly ScriptStep[], sent?: TellSent): Promise<readonly StepResult[]>;
  /**
   * Returns an insert for a later script, for which this process has done what it can do before, perhaps while another
   * script is in the air. Throws a TypeError where the text of a `hex` column is none.
   */
  prepare(insert: BulkInsert): BulkInsert;
  close(): Promise<void>;
}

/** Is told that what was to be sent is on its way; more often than once where it is sent again. */
export type TellSent = () => void;

/**
 * A fence of a script did not hold, and the script was rolled back. Which one is not known (a server tells only that a
 * packet broke): who needs to know looks at the rows.
 */
export class FenceError extends Error {
  constructor() {
    super('a fence of the script did not hold');
    this.name = 'FenceError';
  }
}

/** Returns the digits of 0x-hex; throws where it is none: hashes and data come from a node, which is not trusted. */
export function hexDigits(value: string): string {
  // A group in the pattern would take three times as long.
  if (value.length % 2 !== 0 || !/^0x[0-9a-fA-F]*$/.test(value)) {
    throw new TypeError(`not the hex of whole bytes: ${value.slice(0, 80)}`);
  }
  return value.slice(2);
}

/** Tells the kinds of step apart. */
export function isBulkInsert(step: ScriptStep): step is BulkInsert {
  return 'columns' in step;
}

/** Tells the kinds of step apart. */
export function isBulkDelete(step: ScriptStep): step is BulkDelete {
  return 'match' in step;
}

/** Says whether a step is a fence. */
export function isFenced(step: ScriptStep): boolean {
  return !isBulkInsert(step) && !isBulkDelete(step) && rowsFenced(step) !== null;
}

/** Returns how many rows a statement must match; null where it is no fence. */
export function rowsFenced({ fence = false }: Statement): number | null {
  return fence === true ? 1 : fence === false ? null : fence;
}
