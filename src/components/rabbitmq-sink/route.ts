import { nameFor } from '../keys/name-pattern.js';
import type { RabbitmqConfig } from './schema.js';

type RouteKeys = Pick<RabbitmqConfig, 'exchange' | 'routing_key' | 'queue'>;

/** The exchange that every server has, which takes a routing key for the name of a queue. */
export const defaultExchange = '';

/** Where messages go. */
export interface ExchangeRoute {
  readonly exchange: string;
  readonly queue: string | undefined;
  /** Returns the routing key of an event's messages. */
  readonly keyFor: (eventName: string) => string;
}

/** Returns where a config's messages go: an event's name is its routing key, unless that, or a queue alone, is named. */
export function routeOf({ exchange = defaultExchange, routing_key: pattern, queue }: RouteKeys): ExchangeRoute {
  const key = pattern ?? (exchange === defaultExchange ? queue : undefined) ?? '{event_name}';
  return { exchange, queue, keyFor: (eventName) => nameFor(key, eventName) };
}
