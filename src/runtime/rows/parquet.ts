import { ByteWriter, ParquetWriter, type ColumnSource, type SchemaElement } from 'hyparquet-writer';
import type { ByteTarget, RowCell, CellType, Column, RowWriter } from './row-writer.js';

/** Rows of a row group: what is held in memory before it is written. */
const groupSize = 10_000;

/** Writes rows as Parquet, a row group after the other: the same rows give the same bytes, however they come. */
export class ParquetRowWriter<Row> implements RowWriter<Row> {
  readonly #target: ByteTarget;
  readonly #columns: readonly ColumnData<Row>[];
  readonly #bytes = new ByteWriter();
  readonly #parquet: ParquetWriter;
  #count = 0;

  /** `root` is what the schema calls a row. */
  constructor(target: ByteTarget, columns: readonly Column<Row>[], root: string) {
    this.#target = target;
    this.#columns = columns.map((column) => new ColumnData(column));
    const schema = [{ name: root, num_children: columns.length }, ...columns.map(schemaElement)];
    this.#parquet = new ParquetWriter({ writer: this.#bytes, schema, createdBy: 'chainparse' });
  }

  async write(rows: readonly Row[]): Promise<void> {
    for (const row of rows) {
      // Taken apart at once: rows that wait would cost more than what is in them.
      for (const column of this.#columns) column.add(row);
      this.#count += 1;
      if (this.#count === groupSize) await this.#writeGroup();
    }
  }

  async end(): Promise<void> {
    if (this.#count > 0) await this.#writeGroup();
    await this.#parquet.finish();
    await this.#flush();
  }

  async #writeGroup(): Promise<void> {
    this.#count = 0;
    await this.#parquet.write({ columnData: this.#columns.map((column) => column.take()), rowGroupSize: groupSize });
    await this.#flush();
  }

  /** Hands over what the writer holds and lets it begin anew: its offset goes on counting. */
  async #flush(): Promise<void> {
    const bytes = Uint8Array.from(this.#bytes.getBytes());
    this.#bytes.index = 0;
    await this.#target.write(bytes);
  }
}

/** The cells of a column that wait for their row group. */
class ColumnData<Row> {
  readonly #column: Column<Row>;
  readonly #convert: (value: Exclude<RowCell, null>) => unknown;
  #data: unknown[] = [];
  /** The last cell, and what is stored of it: in many columns a row says what the row before said. */
  #last: RowCell = null;
  #stored: unknown = null;

  constructor(column: Column<Row>) {
    this.#column = column;
    this.#convert = conversions[column.type];
  }

  add(row: Row): void {
    const value = this.#column.of(row);
    if (value !== this.#last) {
      this.#last = value;
      this.#stored = value === null ? null : this.#convert(value);
    }
    this.#data.push(this.#stored);
  }

  take(): ColumnSource {
    const data = this.#data;
    this.#data = [];
    return { name: this.#column.name, data, statistics: this.#column.isOpaque !== true };
  }
}

const conversions: Readonly<Record<CellType, (value: Exclude<RowCell, null>) => unknown>> = {
  boolean: Boolean,
  int32: Number,
  int64: BigInt,
  text: String,
  time: (value) => new Date(String(value)),
};

const elements: Readonly<Record<CellType, Omit<SchemaElement, 'name'>>> = {
  boolean: { type: 'BOOLEAN' },
  int32: { type: 'INT32' },
  int64: { type: 'INT64' },
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  time: { type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' },
};

function schemaElement<Row>({ name, type, nullable }: Column<Row>): SchemaElement {
  return { ...elements[type], name, repetition_type: nullable ? 'OPTIONAL' : 'REQUIRED' };
}
