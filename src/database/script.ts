/** A value that both databases take as it is. */
export type SqlValue = string | number | null | Buffer;

/** One SQL statement with positional bindings. */
export interface Statement {
  readonly sql: string;
  readonly bindings: readonly SqlValue[];
  /** The statement must match exactly one row; otherwise the whole script is rolled back. */
  readonly fence?: boolean;
}

/** A column of a bulk insert; `hex` columns take 0x-hex text and store its bytes. */
export interface InsertColumn {
  readonly name: string;
  readonly hex?: boolean;
}

/** Many rows for one table. */
export interface BulkInsert {
  readonly table: string;
  readonly columns: readonly InsertColumn[];
  readonly rows: readonly (readonly (string | number | null)[])[];
}

export type ScriptStep = Statement | BulkInsert;

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
   * DatabaseUnreachableError where the outcome is unknown.
   */
  run(steps: readonly ScriptStep[]): Promise<readonly StepResult[]>;
  close(): Promise<void>;
}

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
  if (!/^0x(?:[0-9a-f]{2})*$/i.test(value)) throw new TypeError(`not the hex of whole bytes: ${value.slice(0, 80)}`);
  return value.slice(2);
}

/** Tells the two kinds of step apart. */
export function isBulkInsert(step: ScriptStep): step is BulkInsert {
  return 'rows' in step;
}

/** Says whether a step is a fence. */
export function isFenced(step: ScriptStep): boolean {
  return !isBulkInsert(step) && step.fence === true;
}
