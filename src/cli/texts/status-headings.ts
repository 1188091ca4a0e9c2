import { briefProgress } from '../terminal/brief-texts.js';
import type { Heading } from '../terminal/render-table.js';

/** The columns of the pipelines of `chainparse status`. */
export const pipelineHeadings: readonly Heading[] = [
  { column: 'id', align: 'right' },
  { column: 'pipeline', least: 12 },
  { column: 'state', least: 26 },
  { column: 'behind', align: 'right', least: 15 },
  { column: 'events', align: 'right', cut: 1 },
  { column: 'eventsPerSecond', align: 'right', cut: 2 },
  { column: 'lastBlock', align: 'right', cut: 3 },
  { column: 'heartbeat', align: 'right' },
];

/** The columns of its running tasks. */
export const runningHeadings: readonly Heading[] = [
  { column: 'task', align: 'right' },
  { column: 'pipeline', align: 'right' },
  { column: 'silentFor', align: 'right' },
  { column: 'timeout', align: 'right', cut: 3 },
  { column: 'eventsPerSecond', align: 'right', cut: 2 },
  { column: 'worker', cut: 4, least: 12 },
  { column: 'progress', cut: 1, least: 18, brief: briefProgress },
];

/** The columns of its alerts. */
export const alertHeadings: readonly Heading[] = [
  { column: 'alert', align: 'right' },
  { column: 'rule', cut: 1 },
  { column: 'for', align: 'right' },
  { column: 'message', least: 24 },
];

/** The columns of its sinks. */
export const sinkHeadings: readonly Heading[] = [
  { column: 'pipeline', align: 'right' },
  { column: 'sink', least: 8 },
  { column: 'state' },
  { column: 'cursorBlock', align: 'right', cut: 2 },
  { column: 'behind', align: 'right' },
  { column: 'deadLetters', align: 'right' },
  { column: 'lastError', cut: 1, least: 16 },
];

/** The columns of the endpoints that they ask. */
export const endpointHeadings: readonly Heading[] = [
  { column: 'endpoint', least: 16 },
  { column: 'chain', cut: 1 },
  { column: 'state', least: 12 },
  { column: 'headMs', align: 'right', cut: 3 },
  { column: 'logsMs', align: 'right', cut: 4 },
  { column: 'lastError', cut: 2, least: 16 },
];
