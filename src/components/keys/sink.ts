import type { z } from 'zod';
import type { Keys, SinkDescription } from '../seam/component.js';
import { whole } from './numbers.js';
import { choice, line, zeroOrMore } from './texts.js';

/** The keys that all sinks share, to be spread into the schema of a kind. */
export function sinkKeys() {
  return {
    event_name: zeroOrMore(line(255), 'a name'),
    delivery: choice(['latest', 'finalized']).default('latest'),
    start: choice(['beginning', 'now']).default('beginning'),
    batch_size: whole(1, 100_000).default(500),
    max_attempts: whole(1, 1_000_000).default(10),
  };
}

/** What the schema makes of them. */
export type SinkKeys = z.output<z.ZodObject<ReturnType<typeof sinkKeys>>>;

/** Returns the keys of a definition that give a sink's config again: a list of events is left out where it means every event. */
export function sinkConfigKeys({ event_name: names, ...others }: Pick<SinkKeys, 'event_name'>): Keys {
  return { ...(names.length === 0 ? {} : { event_name: names }), ...others };
}

/** Says what others must know of a sink whose config holds the keys that all share. */
export function describeSink(keys: SinkKeys): SinkDescription {
  return {
    eventNames: keys.event_name.length === 0 ? null : keys.event_name,
    delivery: keys.delivery,
    start: keys.start,
    batchSize: keys.batch_size,
    maxAttempts: keys.max_attempts,
  };
}
