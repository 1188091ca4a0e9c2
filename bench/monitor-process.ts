import type { Child } from '../test/support/child.js';
import { startChainparse } from '../test/support/processes.js';

/** What a monitor writes, as far as a benchmark reads it. */
export interface MonitorLine {
  readonly event?: string;
  /** When, by its wall clock, in ISO 8601. */
  readonly time: string;
  readonly task_id?: number;
  readonly running?: number;
  readonly duration_ms?: number;
}

export interface MonitorSettings {
  readonly timeoutSeconds: number;
  readonly checkIntervalSeconds: number;
  readonly heartbeatIntervalSeconds: number;
}

/** Starts a real `chainparse monitor`. */
export function startMonitor(url: string, settings: MonitorSettings): Child {
  return startChainparse(
    [
      ...['monitor', '--timeout', String(settings.timeoutSeconds / 60)],
      ...['--interval', String(settings.checkIntervalSeconds)],
      ...['--heartbeat-interval', String(settings.heartbeatIntervalSeconds)],
      ...['--log-level', 'debug', '--log-format', 'json', '--lang', 'en'],
    ],
    { env: { CHAINPARSE_DATABASE_URL: url } },
  );
}

/** The lines of a monitor that tell of an event. */
export function linesOf(monitor: Child, event: string): readonly MonitorLine[] {
  const complete = monitor.stderr.slice(0, monitor.stderr.lastIndexOf('\n') + 1);
  return complete
    .split('\n')
    .filter((line) => line.startsWith('{') && line.includes(event))
    .map((line) => JSON.parse(line) as MonitorLine)
    .filter((line) => line.event === event);
}
