import { loadPeer } from '../seam/optional-peer.js';

/** Settings of librdkafka, by the names of its documentation. */
export type RdkafkaSettings = Readonly<Record<string, string | number | boolean>>;

/** What is used of node-rdkafka's producer: the package need not be there when this is compiled. */
export interface Producer {
  connect(options: object, done: (error: Error | null | undefined) => void): void;
  /** `connect` ends with it. */
  getMetadata: (options: object, done: (error: null, metadata: object) => void) => void;
  produce(...record: ProduceArguments): void;
  /** Hands over what has happened since. */
  poll(): void;
  disconnect(flushMs: number, done: () => void): void;
  on(event: 'delivery-report', listener: (error: Error | null) => void): void;
  on(event: 'event.error', listener: (error: Error) => void): void;
  on(event: 'event.log', listener: (line: LogLine) => void): void;
}

/** A line of librdkafka's log. */
export interface LogLine {
  /** As in syslog. */
  readonly severity: number;
  readonly message: string;
}

type ProduceArguments = readonly [
  topic: string,
  partition: null,
  value: Buffer,
  key: string,
  timestamp: null,
  opaque: undefined,
  headers: readonly Readonly<Record<string, string>>[],
];

/** What is used of node-rdkafka. */
export interface RdKafka {
  readonly Producer: new (settings: RdkafkaSettings, topicSettings: RdkafkaSettings) => Producer;
}

/** Not written where it is loaded: there it would have to be installed for its types. */
const name: string = 'node-rdkafka';

/** Loads node-rdkafka; throws UsageError that says how to get it. */
export async function loadRdKafka(): Promise<RdKafka> {
  return await loadPeer({ type: 'kafka_producer', packages: [name], load });
}

async function load(): Promise<RdKafka> {
  const loaded = (await import(name)) as { readonly default: RdKafka };
  return loaded.default;
}
