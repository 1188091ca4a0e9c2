import type { Sink, SinkBatch, SinkContext } from '../component.js';
import { KafkaConnection } from './kafka-connection.js';
import type { KafkaParts } from './kafka-connection.js';
import type { recordsOf } from './kafka-record.js';

/** Brokers close what was idle for ten minutes, which would look as if they were away: the next batch has a new producer. */
const idleMs = 300_000;

/** Delivers into topics of Kafka. */
export class KafkaSink implements Sink {
  readonly #parts: KafkaParts;
  readonly #recordOf: ReturnType<typeof recordsOf>;
  #connection: KafkaConnection | null = null;
  #usedAt = -Infinity;

  constructor(parts: KafkaParts, recordOf: ReturnType<typeof recordsOf>) {
    this.#parts = parts;
    this.#recordOf = recordOf;
  }

  async deliver({ messages }: SinkBatch, { signal }: SinkContext): Promise<void> {
    // All are looked at before the first one leaves: behind one that is too large nothing may be sent.
    const records = messages.map(this.#recordOf);
    if (this.#parts.clock.monotonic() - this.#usedAt > idleMs) await this.close();
    this.#connection ??= await KafkaConnection.open(this.#parts, signal);
    try {
      await this.#connection.send(records, signal);
      this.#usedAt = this.#parts.clock.monotonic();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    const connection = this.#connection;
    this.#connection = null;
    await connection?.close();
  }
}
