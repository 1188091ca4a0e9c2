import { ByteWriter, ParquetWriter, type ColumnSource, type SchemaElement } from 'hyparquet-writer';
import type { ByteTarget, Cell, CellType, Column, RowWriter } from './row-writer.js';

/** Rows of a row group: what is held in memory before it is written. */
const groupSize = 10_000;

/** Writes rows as Parquet, a row group after the other: the same rows give the same bytes, however they come. */
export class ParquetRowWriter<Row> implements RowWriter<Row> {
  readonly #target: ByteTarget;
  readonly #columns: readonly Column<Row>[];
  readonly #bytes = new ByteWriter();
  readonly #parquet: ParquetWriter;
  #rows: Row[] = [];

  /** `root` is what the schema calls a row. */
  constructor(target: ByteTarget, columns: readonly Column<Row>[], root: string) {
    this.#target = target;
    this.#columns = columns;
    const schema = [{ name: root, num_children: columns.length }, ...columns.map(schemaElement)];
    this.#parquet = new ParquetWriter({ writer: this.#bytes, schema, createdBy: 'chainparse' });
  }

  async write(rows: readonly Row[]): Promise<void> {
    for (let next = 0; next < rows.length;) {
      const part = rows.slice(next, next + groupSize - this.#rows.length);
      this.#rows.push(...part);
      next += part.length;
      if (this.#rows.length === groupSize) await this.#writeGroup();
    }
  }

  async end(): Promise<void> {
    if (this.#rows.length > 0) await this.#writeGroup();
    await this.#parquet.finish();
    await this.#flush();
  }

  async #writeGroup(): Promise<void> {
    const columnData = this.#columns.map((column) => columnSource(column, this.#rows));
    this.#rows = [];
    await this.#parquet.write({ columnData, rowGroupSize: groupSize });
    await this.#flush();
  }

  /** Hands over what the writer holds and lets it begin anew: its offset goes on counting. */
  async #flush(): Promise<void> {
    const bytes = Uint8Array.from(this.#bytes.getBytes());
    this.#bytes.index = 0;
    await this.#target.write(bytes);
  }
}

function columnSource<Row>({ name, type, of }: Column<Row>, rows: readonly Row[]): ColumnSource {
  const convert = conversions[type];
  return {
    name,
    data: rows.map((row) => {
      const value = of(row);
      return value === null ? null : convert(value);
    }),
  };
}

const conversions: Readonly<Record<CellType, (value: Exclude<Cell, null>) => unknown>> = {
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
