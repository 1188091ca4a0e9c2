import { knownAge } from '../runtime/silence.js';

/** A row of `monitor` as the database's clock sees it now. Times are in the database's time zone, no suffix. */
export interface Monitor {
  readonly id: number;
  /** `host:pid` and some random letters. */
  readonly name: string;
  readonly createTime: string;
  readonly lastHeartbeat: string;
  /** Null: it runs, or died without saying so. */
  readonly endTime: string | null;
  readonly checkIntervalSeconds: number;
  readonly checks: number;
  readonly timedOut: number;
  readonly lastCheckTime: string | null;
  /** Why it judges nobody for now; null: it does. */
  readonly waiting: string | null;
  /** Seconds since the last heartbeat; below zero where that lies ahead. */
  readonly heartbeatAgeSeconds: number;
}

/** A monitor that has not ended is believed alive for so many of its check intervals. */
const toleratedChecks = 2;

/**
 * Says whether a monitor is alive: it has not ended, and gave a sign of life within two of its check intervals. One that lies ahead
 * of the database's clock, as it does once that was set back, says nothing: who lives gives another soon.
 */
export function isMonitorAlive({
  endTime,
  heartbeatAgeSeconds,
  checkIntervalSeconds,
}: Pick<Monitor, 'endTime' | 'heartbeatAgeSeconds' | 'checkIntervalSeconds'>): boolean {
  const age = knownAge(heartbeatAgeSeconds);
  return endTime === null && age !== null && age < silentAfterSeconds(checkIntervalSeconds);
}

/**
 * Returns from what age of its last sign of life on a monitor that checks so often is surely alive no more, in seconds: an age
 * in whole seconds may read up to one too high.
 */
export function silentAfterSeconds(checkIntervalSeconds: number): number {
  return toleratedChecks * checkIntervalSeconds + 1;
}

/** Returns a monitor as `tasks stats --json` has it. */
export function monitorToJson(monitor: Monitor): object {
  return {
    name: monitor.name,
    alive: isMonitorAlive(monitor),
    create_time: monitor.createTime,
    last_heartbeat: monitor.lastHeartbeat,
    heartbeat_age_seconds: monitor.heartbeatAgeSeconds,
    end_time: monitor.endTime,
    check_interval_seconds: monitor.checkIntervalSeconds,
    checks: monitor.checks,
    timed_out: monitor.timedOut,
    last_check_time: monitor.lastCheckTime,
    waiting: monitor.waiting,
  };
}
