/** A value in a column; null: there is none. */
export type RowCell = string | number | bigint | boolean | null;

/** What a column holds: `text` takes whatever a cell may be, `time` is a text such as `2023-08-26T16:21:35Z`. */
export type CellType = 'boolean' | 'int32' | 'int64' | 'text' | 'time';

/** A column of files that have columns. */
export interface Column<Row> {
  readonly name: string;
  readonly type: CellType;
  /** Whether a cell may be empty. */
  readonly nullable: boolean;
  /** Nobody looks for a range of it: its least and highest cells need not be known. */
  readonly isOpaque?: boolean;
  readonly of: (row: Row) => RowCell;
}

/** Where a file's bytes go; each call resolves when there is room for more. */
export interface ByteTarget {
  write(chunk: string | Uint8Array): Promise<void>;
}

/** Writes rows in some format to a target. */
export interface RowWriter<Row> {
  write(rows: readonly Row[]): Promise<void>;
  /** Writes what the format has behind its last row. */
  end(): Promise<void>;
}
