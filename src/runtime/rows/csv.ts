import type { ByteTarget, RowCell, Column, RowWriter } from './row-writer.js';

/** Returns a line of CSV (RFC 4180), with its end. */
export function csvLine(cells: readonly RowCell[]): string {
  const line = cells.map(csvCell).join(',');
  // A line that is empty is no row to most readers.
  return `${line === '' ? '""' : line}\r\n`;
}

/** Cells that a spreadsheet might take for a formula are quoted, though they stay what they are: data. */
function csvCell(value: RowCell): string {
  const text = value === null ? '' : String(value);
  return /[",\r\n]|^[=+\-@]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Writes rows as CSV with a header row. */
export function csvWriter<Row>(target: ByteTarget, columns: readonly Column<Row>[]): RowWriter<Row> {
  let header = csvLine(columns.map(({ name }) => name));
  const write = async (rows: readonly Row[]): Promise<void> => {
    const text = header + rows.map((row) => csvLine(columns.map((column) => column.of(row)))).join('');
    header = '';
    if (text !== '') await target.write(text);
  };
  return { write, end: () => write([]) };
}
