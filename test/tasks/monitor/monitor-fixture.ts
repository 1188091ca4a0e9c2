import type { DatabaseProbe } from '../../../src/database/tasks/database-probe.js';
import type { TimeoutStore } from '../../../src/database/tasks/timeout-store.js';
import type { Task } from '../../../src/model/task.js';
import { DatabaseUnreachableError } from '../../../src/runtime/errors.js';
import type { Lang } from '../../../src/runtime/lang.js';
import type { CheckTimes } from '../../../src/tasks/monitor/check-times.js';
import type { MonitorPresence } from '../../../src/tasks/monitor/monitor-presence.js';
import type { LivenessEvent } from '../../../src/model/liveness-event.js';
import { TimeoutMonitor } from '../../../src/tasks/monitor/timeout-monitor.js';
import { FakeClock } from '../../support/fake-clock.js';
import { MemoryLogger } from '../../support/memory-logger.js';

/** A task that has been silent for an hour and a half minute more. */
export const silentTask: Task = {
  id: 123,
  pipelineId: 45,
  status: 0,
  createTime: '2024-01-15T09:00:00',
  lastHeartbeat: '2024-01-15T10:05:30',
  logPath: null,
  worker: 'host-1:4711',
  workerIdentity: null,
  heartbeatInterval: 30,
  timeoutMinutes: null,
  endTime: null,
  endReason: null,
  error: null,
  progress: null,
  heartbeatAgeSeconds: 3_690,
  silentSeconds: 3_690,
  keepsBlock: null,
  waiting: null,
};

/** A timeout monitor with a heartbeat interval of 30 s, on a database that does what the test says. */
export class MonitorFixture {
  readonly clock = new FakeClock();
  readonly stop = new AbortController();
  readonly logger = new MemoryLogger();
  /** What its observer heard. */
  readonly events: LivenessEvent[] = [];
  /** When the silent were asked for, in seconds since the start. */
  readonly checks: number[] = [];
  probes = 0;
  silent: readonly Task[] = [];
  /** Answers a probe. */
  answer: () => Promise<DatabaseProbe> = up;
  /** What the monitor tells of itself. */
  readonly shown: string[] = [];
  /** Called where the monitor shows that it is alive. */
  onShow: () => unknown = () => undefined;
  /** Called where the running tasks are counted. */
  onCount: () => unknown = () => undefined;

  make(lang: Lang = 'en', checkIntervalMs = 300_000, times?: CheckTimes): TimeoutMonitor {
    return new TimeoutMonitor({
      store: this.#store() as TimeoutStore,
      rule: { timeoutSeconds: 3_600, heartbeatIntervalSeconds: 30 },
      checkIntervalMs,
      ...(times === undefined ? {} : { times }),
      name: 'host-2:1',
      presence: this.#presence() as MonitorPresence,
      clock: this.clock,
      logger: this.logger,
      lang,
      observe: (event) => void this.events.push(event),
    });
  }

  /** Runs a monitor until the test ends. */
  start(): void {
    void this.make().run(this.stop.signal);
  }

  #presence(): Pick<MonitorPresence, keyof MonitorPresence> {
    const tell = (what: string): Promise<void> => Promise.resolve(void this.shown.push(what));
    return {
      show: async (waiting) => {
        await this.onShow();
        await tell(waiting ?? 'judges');
      },
      checked: (timedOut) => tell(`checked, ${timedOut} timed out`),
      end: () => tell('ended'),
    };
  }

  #store(): Pick<TimeoutStore, keyof TimeoutStore> {
    return {
      probe: () => {
        this.probes++;
        return this.answer();
      },
      countRunning: async () => {
        await this.onCount();
        return 12;
      },
      takeBackAhead: () => Promise.resolve([]),
      takeLost: () => Promise.resolve([]),
      listSilent: (_rule, afterId, limit) => {
        if (afterId === 0) this.checks.push((this.clock.monotonic() - 1_000) / 1_000);
        return Promise.resolve(this.silent.filter(({ id }) => id > afterId).slice(0, limit));
      },
      explainSilent: () => Promise.resolve({ index: null, rows: null }),
      unlocked: (ids) => Promise.resolve(ids),
      fail: (ids) => {
        const failed = this.silent.filter(({ id }) => ids.includes(id));
        this.silent = this.silent.filter(({ id }) => !ids.includes(id));
        return Promise.resolve(failed);
      },
    };
  }
}

/** A database that is up for so long, a day where nothing is said. */
export function up(uptimeSeconds: number | null = 86_400): Promise<DatabaseProbe> {
  return Promise.resolve({ now: '2024-01-15 11:07:00', uptimeSeconds });
}

/** A database that is away. */
export function away(): Promise<never> {
  return Promise.reject(new DatabaseUnreachableError('gone'));
}
