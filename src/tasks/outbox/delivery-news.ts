import type { LivenessEvent } from '../../model/liveness-event.js';

type Sinks = Extract<LivenessEvent, { kind: 'sink_sent' | 'sink_failed' | 'sinks_seen' }>;
type WithoutTask<T> = T extends unknown ? Omit<T, 'taskId' | 'pipelineId'> : never;

/** What an outbox has noticed; which task it is goes without saying. */
export type DeliveryNews = WithoutTask<Sinks>;
