import type { Wanted } from '../../../src/model/wanted.js';

/** What is wanted of a started pipeline with which nothing is wrong. */
export const startedPipeline: Wanted = {
  ...{ pipelineId: 45, state: 'started', since: '2024-01-15T09:00:00', failures: 0, judgedTaskId: null },
  ...{ nextStart: null, heldReason: null, waitingFor: null, isScheduled: false, lastSlot: null, skippedSlot: null },
  hasCommitted: false,
};
