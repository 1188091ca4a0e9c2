import type { Kind } from './seam/component.js';
import { contractCaller } from './contract-caller/kind.js';
import { dictMapper } from './dict-mapper/kind.js';
import { eventMonitor } from './event-monitor/kind.js';
import { kafkaProducer } from './kafka-producer/kind.js';
import { natsSink } from './nats-sink/kind.js';
import { rabbitmqSink } from './rabbitmq-sink/kind.js';
import { redisSink } from './redis-sink/kind.js';
import { webhookSink } from './webhook-sink/kind.js';
import { fileSink } from './file-sink/kind.js';
import { tableSink } from './table-sink/kind.js';

/** The kinds of components that definitions may name. */
export class Registry {
  readonly #kinds: ReadonlyMap<string, Kind>;

  constructor(kinds: readonly Kind[]) {
    this.#kinds = new Map(kinds.map((kind) => [kind.type, kind]));
  }

  /** The names of all kinds. */
  get types(): readonly string[] {
    return [...this.#kinds.keys()];
  }

  /** Returns the kind of a name. */
  find(type: string): Kind | undefined {
    return this.#kinds.get(type);
  }

  /** Returns a registry that knows another kind as well. */
  with(kind: Kind): Registry {
    return new Registry([...this.#kinds.values(), kind]);
  }
}

/** Every kind of this version, one a line. */
export const registry = new Registry([
  eventMonitor,
  kafkaProducer,
  natsSink,
  rabbitmqSink,
  contractCaller,
  webhookSink,
  redisSink,
  dictMapper,
  fileSink,
  tableSink,
  // The next one goes here.
]);
