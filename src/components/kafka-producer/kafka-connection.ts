import type { Clock } from '../../runtime/clock.js';
import { ReceiverAwayError } from '../seam/delivery-errors.js';
import { isDecisive, kafkaError, plainLine } from './kafka-errors.js';
import type { KafkaRecord } from './kafka-record.js';
import type { Producer, RdKafka, RdkafkaSettings } from './rdkafka.js';

/** How long brokers may take to be found. */
const connectMs = 5_000;
/** How long none of a batch's messages need be acknowledged. */
const patienceMs = 30_000;
/** librdkafka's errors are 0 to 3, as in syslog. */
const errorSeverity = 3;

/** What a connection is made of. */
export interface KafkaParts {
  readonly library: RdKafka;
  readonly settings: RdkafkaSettings;
  readonly topicSettings: RdkafkaSettings;
  readonly clock: Clock;
}

/**
 * One producer of librdkafka. What fails leaves messages in it that it would still send: whoever sees `send` fail closes it,
 * and goes on with a new one, of which brokers take nothing that comes behind a gap.
 */
export class KafkaConnection {
  readonly #producer: Producer;
  readonly #brokers: string;
  readonly #clock: Clock;
  #failure: Error | null = null;
  #reason: string | null = null;
  #acknowledged = 0;

  private constructor({ library, settings, topicSettings, clock }: KafkaParts) {
    this.#producer = new library.Producer(settings, topicSettings);
    this.#brokers = String(settings['bootstrap.servers']);
    this.#clock = clock;
    this.#listen();
  }

  /** Connects; throws ReceiverAwayError where no broker answers. */
  static async open(parts: KafkaParts, signal: AbortSignal): Promise<KafkaConnection> {
    const connection = new KafkaConnection(parts);
    try {
      await connection.#connect(signal);
      return connection;
    } catch (error) {
      void connection.close();
      throw error;
    }
  }

  /** Resolves once each record is acknowledged. Throws MessageRefusedError or ReceiverAwayError as soon as one is not. */
  async send(records: readonly KafkaRecord[], signal: AbortSignal): Promise<void> {
    this.#acknowledged = 0;
    try {
      for (const record of records) this.#produce(record);
    } catch (error) {
      throw this.#errorOf(error as Error);
    }
    await this.#until(() => this.#acknowledged === records.length, patienceMs, signal);
  }

  /** Lets the producer go, with what it has not sent. */
  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      try {
        this.#producer.disconnect(0, resolve);
      } catch {
        // It has never been connected.
        resolve();
      }
    });
  }

  #listen(): void {
    this.#producer.on('delivery-report', (error) => {
      if (error === null) this.#acknowledged++;
      else this.#failure ??= error;
    });
    this.#producer.on('event.error', (error) => {
      if (isDecisive(error)) this.#failure ??= error;
    });
    this.#producer.on('event.log', ({ severity, message }) => {
      if (severity <= errorSeverity) this.#reason = plainLine(message);
    });
  }

  async #connect(signal: AbortSignal): Promise<void> {
    let isConnected = false;
    this.#producer.connect({ timeout: connectMs }, (error) => {
      if (error === null || error === undefined) isConnected = true;
      else this.#failure ??= error;
    });
    await this.#until(() => isConnected, connectMs * 2, signal);
  }

  #produce({ topic, key, value, headers }: KafkaRecord): void {
    const list = Object.entries(headers).map(([name, text]) => ({ [name]: text }));
    this.#producer.produce(topic, null, value, key, null, undefined, list);
  }

  /** Waits for what the client tells; it does so where it is asked. */
  async #until(isDone: () => boolean, longestMs: number, signal: AbortSignal): Promise<void> {
    let known = this.#acknowledged;
    for (let since = this.#clock.monotonic(); !isDone();) {
      if (this.#failure !== null) throw this.#errorOf(this.#failure);
      if (known !== this.#acknowledged) [known, since] = [this.#acknowledged, this.#clock.monotonic()];
      const quietMs = this.#clock.monotonic() - since;
      if (quietMs > longestMs) throw this.#silent(longestMs);
      await this.#clock.sleep(quietMs < 100 ? 1 : 20, signal);
      this.#poll();
    }
  }

  #poll(): void {
    try {
      this.#producer.poll();
    } catch {
      // Not connected yet: its events come by themselves.
    }
  }

  #silent(afterMs: number): ReceiverAwayError {
    const reason = this.#reason === null ? '' : ` (${this.#reason})`;
    return new ReceiverAwayError(`Kafka at ${this.#brokers}: no answer for ${afterMs / 1000} s${reason}`);
  }

  #errorOf(error: Error): Error {
    return kafkaError(error, this.#brokers, this.#reason);
  }
}
