import type { EventMessage } from '../../model/event-message.js';
import type { Clock } from '../../runtime/clock.js';
import { OneAtATime } from '../../runtime/one-at-a-time.js';
import { ReceiverAwayError } from '../seam/delivery-errors.js';
import type { SinkSession } from '../seam/session-sink.js';
import { clientSettings, topicSettings } from './client-settings.js';
import { isDecisive, kafkaError, reasonOf } from './kafka-errors.js';
import { recordsOf } from './kafka-record.js';
import type { KafkaRecord } from './kafka-record.js';
import type { Producer, RdKafka } from './rdkafka.js';
import type { KafkaConfig } from './schema.js';

/** How long none of a batch's messages need be acknowledged. */
const patienceMs = 30_000;
/** Brokers close what was idle for ten minutes, which would look as if they were away: the next batch has a new producer. */
const idleMs = 300_000;

/**
 * Producers are made, and let go, in the four threads of this process that files and DNS need, too: whatever their brokers do,
 * two of these stay free. To let one go may take as long as its look-up of a name that nobody answers, which holds up no start.
 */
const starts = new OneAtATime();
const ends = new OneAtATime();

/** What a session is made of. */
export interface KafkaParts {
  readonly library: RdKafka;
  readonly config: KafkaConfig;
  readonly clock: Clock;
}

/**
 * One producer of librdkafka. What fails leaves messages in it that it would still send: whoever sees `send` fail closes it,
 * and goes on with a new one, of which brokers take nothing that comes behind a gap.
 */
export class KafkaSession implements SinkSession {
  readonly #producer: Producer;
  readonly #brokers: string;
  readonly #recordOf: ReturnType<typeof recordsOf>;
  readonly #clock: Clock;
  readonly #closed = new AbortController();
  #failure: Error | null = null;
  #reason: string | null = null;
  #acknowledged = 0;
  #usedAt: number;

  private constructor({ library, config, clock }: KafkaParts) {
    this.#producer = new library.Producer(clientSettings(config), topicSettings(config));
    this.#brokers = config.bootstrap_servers.join(',');
    this.#recordOf = recordsOf(config);
    this.#clock = clock;
    this.#usedAt = clock.monotonic();
    this.#listen();
  }

  /** Makes a producer, which looks for its brokers by itself; throws ReceiverAwayError where its settings forbid that. */
  static async open(parts: KafkaParts, signal: AbortSignal): Promise<KafkaSession> {
    const session = new KafkaSession(parts);
    await starts.run(() => session.#start(signal));
    return session;
  }

  get isStale(): boolean {
    return this.#clock.monotonic() - this.#usedAt > idleMs;
  }

  /** Resolves once each message is acknowledged. Throws MessageRefusedError or ReceiverAwayError as soon as one is not. */
  async send(messages: readonly EventMessage[]): Promise<void> {
    // All are looked at before the first one leaves: behind one that is too large nothing may be sent.
    const records = messages.map(this.#recordOf);
    this.#acknowledged = 0;
    try {
      for (const record of records) this.#produce(record);
    } catch (error) {
      throw this.#errorOf(error as Error);
    }
    await this.#until(() => this.#acknowledged === records.length);
    this.#usedAt = this.#clock.monotonic();
  }

  /** Lets the producer go, with what it has not sent. */
  async close(): Promise<void> {
    this.#closed.abort(new Error('closed'));
    await ends.run(() => new Promise<void>((resolve) => this.#producer.disconnect(0, resolve)));
  }

  #listen(): void {
    this.#producer.on('delivery-report', (error) => {
      if (error === null) this.#acknowledged++;
      else this.#failure ??= error;
    });
    this.#producer.on('event.error', (error) => {
      if (isDecisive(error)) this.#failure ??= error;
    });
    this.#producer.on('event.log', (line) => (this.#reason = reasonOf(line) ?? this.#reason));
  }

  async #start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    // To wait for what brokers say would hold a thread for seconds: whether they are there shows where something is sent.
    this.#producer.getMetadata = (_options, done) => done(null, {});
    await new Promise<void>((resolve, reject) => {
      this.#producer.connect({}, (error) => {
        if (error === null || error === undefined) resolve();
        else reject(this.#errorOf(error));
      });
    });
  }

  #produce({ topic, key, value, headers }: KafkaRecord): void {
    const list = Object.entries(headers).map(([name, text]) => ({ [name]: text }));
    this.#producer.produce(topic, null, value, key, null, undefined, list);
  }

  /** Waits for what the client tells; it does so where it is asked. */
  async #until(isDone: () => boolean): Promise<void> {
    let known = this.#acknowledged;
    for (let since = this.#clock.monotonic(); !isDone();) {
      if (this.#failure !== null) throw this.#errorOf(this.#failure);
      if (known !== this.#acknowledged) [known, since] = [this.#acknowledged, this.#clock.monotonic()];
      const quietMs = this.#clock.monotonic() - since;
      if (quietMs > patienceMs) throw this.#silent();
      await this.#clock.sleep(quietMs < 100 ? 1 : 20, this.#closed.signal);
      this.#producer.poll();
    }
  }

  /** The client asks again without a word where a broker answers that a partition can't be written to yet. */
  #silent(): ReceiverAwayError {
    const reason = this.#reason === null ? '' : ` (${this.#reason})`;
    const hint =
      'where the brokers are there, is a leader of the topic away, or are fewer replicas in step than its min.insync.replicas?';
    return new ReceiverAwayError(
      `Kafka at ${this.#brokers}: nothing was acknowledged for ${patienceMs / 1000} s${reason}`,
      reason === '' ? { hint } : {},
    );
  }

  #errorOf(error: Error): Error {
    return kafkaError(error, this.#brokers, this.#reason);
  }
}
