import type { Clock } from '../../runtime/clock.js';
import { untilAborted } from '../../runtime/until-aborted.js';
import type { Sink, SinkBatch, SinkContext } from '../seam/sink.js';
import { clientSettings, topicSettings } from './client-settings.js';
import { KafkaConnection } from './kafka-connection.js';
import type { KafkaParts } from './kafka-connection.js';
import { recordsOf } from './kafka-record.js';
import { loadRdKafka } from './rdkafka.js';
import type { KafkaConfig } from './schema.js';

/** Brokers close what was idle for ten minutes, which would look as if they were away: the next batch has a new producer. */
const idleMs = 300_000;

/** Delivers into topics of Kafka. */
export class KafkaSink implements Sink {
  readonly #parts: KafkaParts;
  readonly #recordOf: ReturnType<typeof recordsOf>;
  #connection: KafkaConnection | null = null;
  #usedAt = -Infinity;

  private constructor(parts: KafkaParts, recordOf: ReturnType<typeof recordsOf>) {
    this.#parts = parts;
    this.#recordOf = recordOf;
  }

  /** Makes the sink; it connects when it has something to deliver. Throws UsageError where node-rdkafka is not installed. */
  static async open(config: KafkaConfig, clock: Clock): Promise<KafkaSink> {
    const library = await loadRdKafka();
    const parts = { library, settings: clientSettings(config), topicSettings: topicSettings(config), clock };
    return new KafkaSink(parts, recordsOf(config));
  }

  async deliver({ messages }: SinkBatch, { signal }: SinkContext): Promise<void> {
    // All are looked at before the first one leaves: behind one that is too large nothing may be sent.
    const records = messages.map(this.#recordOf);
    if (this.#parts.clock.monotonic() - this.#usedAt > idleMs) await untilAborted(this.close(), signal);
    this.#connection ??= await KafkaConnection.open(this.#parts, signal);
    try {
      await this.#connection.send(records, signal);
      this.#usedAt = this.#parts.clock.monotonic();
    } catch (error) {
      // It would still send what it has. Whoever calls off does not wait for that.
      await untilAborted(this.close(), signal);
      throw error;
    }
  }

  async close(): Promise<void> {
    const connection = this.#connection;
    this.#connection = null;
    await connection?.close();
  }
}
