import type { LivenessEvent } from '../../model/liveness-event.js';

type Sinks = Extract<LivenessEvent, { kind: 'sink_sent' | 'sink_failed' | 'sinks_seen' }>;
/** Which task something is of goes without saying. */
export type WithoutTask<T> = T extends unknown ? Omit<T, 'taskId' | 'pipelineId'> : never;

/** What an outbox has noticed. */
export type DeliveryNews = WithoutTask<Sinks>;
