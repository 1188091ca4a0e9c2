import type { ByteTarget, RowWriter } from './row-writer.js';

/** Writes each row as a line of JSON. */
export function jsonlWriter<Row>(target: ByteTarget, toJson: (row: Row) => string): RowWriter<Row> {
  return {
    write: (rows) => target.write(rows.map((row) => `${toJson(row)}\n`).join('')),
    end: () => Promise.resolve(),
  };
}
