import type { History } from '../history.js';
import { wallClockOf } from '../sim-process.js';
import { clockName, serverName } from '../sim-server.js';
import { deadSince, tasksOf } from './tasks-of.js';
import type { TaskLife } from './tasks-of.js';

/** Answers on their way, a server's queue, instants in whole seconds, in milliseconds. */
const slackMs = 4_000;

/**
 * A task whose process is dead is ended in time. Its timeout begins with its last sign of life; from then on it takes one
 * check interval, or, where the monitor's view was troubled (or its clock set, as if it had slept), the wait of three intervals after that and one more in which
 * the monitor's backoff may still have been asleep.
 */
export function* theDeadAreFailed(history: History): Generator<string> {
  for (const life of tasksOf(history)) {
    const dead = deadSince(life);
    const by = Math.min(...[...history.monitors.keys()].map((name) => failedBy(history, life, name)));
    if (life.isReopened || dead === Infinity || by > history.endedAt || (life.end?.at ?? Infinity) <= by) continue;
    if (life.end === null || life.end.at > by) {
      const ended = life.end === null ? 'never' : `at ${Math.round(life.end.at)} ms`;
      yield `task ${life.id} of ${life.worker} is dead since ${Math.round(dead)} ms and was ended ${ended}, not by ${Math.round(by)} ms`;
    }
  }
}

/** When a monitor must have failed a task that is dead. */
function failedBy({ plan, troubles, monitors }: History, life: TaskLife, monitor: string): number {
  const { intervalMs, checkIntervalMs, timeoutSeconds, taskTimeoutSeconds } = plan;
  const timeoutMs = Math.max(3 * intervalMs, 1_000 * (taskTimeoutSeconds ?? timeoutSeconds));
  const waitMs = 4 * intervalMs + checkIntervalMs + slackMs;
  const earliest = Math.max(
    life.lastSignAt + timeoutMs + checkIntervalMs + slackMs,
    deadSince(life),
    (monitors.get(monitor) ?? Infinity) + waitMs,
  );
  return troubles.firstCalm([monitor, wallClockOf(monitor), serverName, clockName], waitMs, earliest);
}
