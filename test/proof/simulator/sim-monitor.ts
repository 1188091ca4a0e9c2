import { MonitorStore } from '../../../src/database/operations/monitor-store.js';
import { TimeoutStore } from '../../../src/database/tasks/timeout-store.js';
import { MonitorPresence } from '../../../src/tasks/monitor/monitor-presence.js';
import { TimeoutMonitor } from '../../../src/tasks/monitor/timeout-monitor.js';
import type { PlannedMonitor } from './planned-process.js';
import type { World } from './world.js';

/** Takes a monitor's own beats where a schedule does not send them. */
const unseen = {
  register: (): Promise<number> => Promise.resolve(1),
  beat: (): Promise<boolean> => Promise.resolve(true),
  end: (): Promise<void> => Promise.resolve(),
};

/** Starts a simulated `monitor`: the program's own, in a process of its own. */
export function startMonitor(world: World, { name, skewMs }: PlannedMonitor): void {
  const { plan, engine, databases, network } = world;
  const process = world.start(name, skewMs);
  const timeoutMs = Math.max(5_000, plan.ruleIntervalMs);
  const database = databases.open(engine, process, network, {
    statementTimeoutMs: timeoutMs,
    beatTimeoutMs: timeoutMs,
  });
  const monitor = new TimeoutMonitor({
    store: new TimeoutStore(database),
    rule: { timeoutSeconds: plan.timeoutSeconds, heartbeatIntervalSeconds: plan.ruleIntervalMs / 1_000 },
    checkIntervalMs: plan.checkIntervalMs,
    name,
    presence: new MonitorPresence({
      store: plan.showsMonitors ? new MonitorStore(database) : unseen,
      name,
      checkIntervalSeconds: plan.checkIntervalMs / 1_000,
      beatIntervalMs: Math.min(plan.ruleIntervalMs, plan.checkIntervalMs),
      clock: process.clock,
    }),
    clock: process.clock,
    lang: 'en',
    logger: {
      log: (_level, message, fields) => {
        world.trace(`${name}: ${message}`);
        if (fields?.['event'] === 'task.timed_out')
          world.told.push({ monitor: name, taskId: Number(fields['task_id']) });
      },
    },
  });
  world.monitors.set(name, world.timeline.now);
  monitor.run(new AbortController().signal).catch((error: unknown) => {
    world.surprises.push(`monitor ${name} ended: ${String(error)}`);
  });
}
