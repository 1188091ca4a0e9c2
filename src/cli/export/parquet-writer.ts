import { ByteWriter, ParquetWriter, type ColumnSource, type SchemaElement } from 'hyparquet-writer';
import type { EventOrigin } from '../../model/event-origin.js';
import type { StoredEvent } from '../../model/stored-event.js';
import { eventFields, type EventField } from '../../model/event-fields.js';
import type { EventWriter, ExportTarget } from './event-writer.js';

/** Events of a row group: what is held in memory before it is written. */
const groupSize = 10_000;

/** Writes events as Parquet, a row group after the other; the arguments are one column of JSON text. */
export class ParquetEventWriter implements EventWriter {
  readonly #target: ExportTarget;
  readonly #origin: EventOrigin;
  readonly #bytes = new ByteWriter();
  readonly #parquet: ParquetWriter;
  #events: StoredEvent[] = [];

  constructor(target: ExportTarget, origin: EventOrigin) {
    this.#target = target;
    this.#origin = origin;
    this.#parquet = new ParquetWriter({ writer: this.#bytes, schema: schema(), createdBy: 'chainparse' });
  }

  async write(events: readonly StoredEvent[]): Promise<void> {
    this.#events.push(...events);
    if (this.#events.length >= groupSize) await this.#writeGroup();
  }

  async end(): Promise<void> {
    if (this.#events.length > 0) await this.#writeGroup();
    await this.#parquet.finish();
    await this.#flush();
  }

  async #writeGroup(): Promise<void> {
    const columnData = eventFields.map((field) => this.#column(field));
    this.#events = [];
    await this.#parquet.write({ columnData, rowGroupSize: groupSize * 2 });
    await this.#flush();
  }

  #column({ name, type, of }: EventField): ColumnSource {
    const values = this.#events.map((event) => of(event, this.#origin));
    if (type === 'int64') return { name, data: values.map((value) => BigInt(value ?? 0)) };
    if (type === 'time') return { name, data: values.map((value) => (value === null ? null : new Date(value))) };
    return { name, data: values };
  }

  /** Hands over what the writer holds and lets it begin anew: its offset goes on counting. */
  async #flush(): Promise<void> {
    const bytes = Uint8Array.from(this.#bytes.getBytes());
    this.#bytes.index = 0;
    await this.#target.write(bytes);
  }
}

function schema(): SchemaElement[] {
  return [{ name: 'event', num_children: eventFields.length }, ...eventFields.map(schemaElement)];
}

function schemaElement({ name, type }: EventField): SchemaElement {
  switch (type) {
    case 'int32':
      return { name, type: 'INT32', repetition_type: 'REQUIRED' };
    case 'int64':
      return { name, type: 'INT64', repetition_type: 'REQUIRED' };
    case 'text':
      return { name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' };
    case 'time':
      return { name, type: 'INT64', converted_type: 'TIMESTAMP_MILLIS', repetition_type: 'OPTIONAL' };
  }
}
