import type { OpenOptions } from '../../database/open/open-database.js';
import type { RunHost } from '../host/run-host.js';

/** Returns how the database of a process that runs tasks is opened. */
export function runDatabaseOptions({
  heartbeatIntervalSeconds,
}: RunHost['settings']): Pick<OpenOptions, 'statementTimeoutMs' | 'beatTimeoutMs'> {
  const intervalMs = heartbeatIntervalSeconds * 1_000;
  return {
    // A server that has not answered within a beat can't keep a task alive; but a big commit may take some seconds.
    statementTimeoutMs: Math.min(60_000, Math.max(10_000, intervalMs)),
    // After an outage a run must be heard within three intervals: one may pass until it gives up what it had sent, and
    // one until it tries again.
    beatTimeoutMs: Math.min(30_000, Math.max(1_000, intervalMs)),
  };
}
