import type { AlertStore } from '../../database/operations/alert-store.js';
import type { TaskStatistics } from '../../database/tasks/task-statistics.js';
import type { AlertCondition, AlertRule } from '../../model/alert.js';
import { alertKey } from '../../model/alert.js';
import type { Task } from '../../model/task.js';
import type { AlertSettings } from '../../settings/settings.js';
import type { Clock } from '../../runtime/clock.js';
import { messageOf } from '../../runtime/errors.js';
import type { Logger } from '../../runtime/logger.js';
import { manySilent, pipelineSilent, timeoutRate } from './alert-conditions.js';
import type { AlertDesk } from './alert-desk.js';
import type { AlertRetention } from './alert-retention.js';
import { DatabaseRule } from './database-rule.js';
import type { LivenessEvent } from '../../model/liveness-event.js';
import { isWatched } from './watched-rules.js';

export interface MonitorAlertsOptions {
  readonly desk: AlertDesk;
  readonly store: Pick<AlertStore, 'list' | 'listOver'>;
  readonly rules: AlertSettings;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Counts what ended within the window of the timeout rate. */
  readonly statistics: () => Promise<TaskStatistics>;
  /** Lists at most so many running tasks that are silent for more than three of their intervals. */
  readonly listSilent: (limit: number) => Promise<readonly Task[]>;
  /** How long a judgement may take in milliseconds; a server that was frozen meanwhile has shown living tasks as silent. */
  readonly tolerableMs: number;
  /** Checks may be far apart: it judges once in so many milliseconds between them, too. */
  readonly turnMs: number;
  /** Judges the sinks, and the pipelines, by what the database says of all of them. */
  readonly judge: () => Promise<void>;
  /** Keeps the table of alerts from growing for ever. */
  readonly retention: Pick<AlertRetention, 'prune'>;
}

/** From so many silent tasks on there is one alert for all of them. */
const manyTasks = 10;

/** Silent tasks that are looked at. */
const mostTasks = 1_000;

/** What a monitor raises and others clear. */
const clearedByOthers: ReadonlySet<AlertRule> = new Set(['pipeline_stalled']);

/** The rules of a timeout monitor, and its care for alerts: those of processes that are gone, and those that are old. */
export class MonitorAlerts {
  readonly #options: MonitorAlertsOptions;
  readonly #database: DatabaseRule;
  #judging: Promise<void> | null = null;
  #judgedAt = -Infinity;

  constructor(options: MonitorAlertsOptions) {
    this.#options = options;
    const { desk, clock, rules } = options;
    this.#database = new DatabaseRule({ desk, clock, limitSeconds: rules.databaseUnreachableSeconds });
  }

  /** Judges what the monitor has noticed; where silence means something, the tasks: after each check, and between them. */
  readonly observe = (event: LivenessEvent): void => {
    if (event.kind === 'database_away') this.#database.away(event.error);
    else if (event.kind === 'database_back') this.#database.back();
    else if ((event.kind === 'checked' && event.isTrusted) || (event.kind === 'looked' && this.#isDue)) {
      this.#judgedAt = this.#options.clock.monotonic();
      this.#judging ??= this.#judge().finally(() => (this.#judging = null));
    }
  };

  get #isDue(): boolean {
    return this.#options.clock.monotonic() - this.#judgedAt >= this.#options.turnMs;
  }

  /** Resolves when the latest look has been judged. */
  async whenIdle(): Promise<void> {
    await this.#judging;
  }

  async #judge(): Promise<void> {
    const startedAt = this.#now();
    try {
      const found = [...(await this.#judgeRate()), ...(await this.#judgeSilence())];
      const keys = new Set(found.map(alertKey));
      if (this.#now().some((now, i) => now - (startedAt[i] ?? now) > this.#options.tolerableMs)) return;
      for (const condition of found) this.#options.desk.raise(condition);
      await this.#clearOthers(keys);
      await this.#options.judge();
      await this.#options.retention.prune();
    } catch (error) {
      const fields = { event: 'alert.failed', error: messageOf(error) };
      this.#options.logger.log('warn', `alerts could not be judged: ${messageOf(error)}`, fields);
    }
  }

  /** By both clocks: while a computer is suspended its monotonic clock may stand still. */
  #now(): readonly number[] {
    const { clock } = this.#options;
    return [clock.monotonic(), clock.now()];
  }

  async #judgeRate(): Promise<readonly AlertCondition[]> {
    const { rules, statistics } = this.#options;
    if (rules.timeoutRate === null) return [];
    const counted = await statistics();
    const isHigh = (counted.timeoutRate ?? 0) >= rules.timeoutRate && counted.timedOut >= rules.timeoutRateMinimum;
    return isHigh ? [timeoutRate(counted, rules.timeoutRateWindowMinutes)] : [];
  }

  async #judgeSilence(): Promise<readonly AlertCondition[]> {
    const { rules, listSilent } = this.#options;
    if (!isWatched('pipeline_stalled', rules)) return [];
    const silent = await listSilent(mostTasks);
    // Its pipeline goes on without a shard that is silent, and its own task would call the alert over at once.
    const each = silent.filter(({ shard }) => shard === undefined).map((task) => pipelineSilent(task));
    if (silent.length < manyTasks) return each;
    // What has been told of one of them stays so.
    const told = new Set(this.#options.desk.standing.map(alertKey));
    return [manySilent(silent), ...each.filter((condition) => told.has(alertKey(condition)))];
  }

  /** Clears what this monitor, or a process that is gone, has raised and is so no longer; what is not watched the judge clears. */
  async #clearOthers(found: ReadonlySet<string>): Promise<void> {
    const { desk, store, rules } = this.#options;
    const { alerts } = await store.list({ all: false, limit: 1_000 });
    const watched = alerts.filter(({ rule }) => isWatched(rule, rules));
    const over = [...desk.standing.filter(isOver), ...watched.filter(isOver), ...(await store.listOver())];
    const keys = new Set(over.map(alertKey));
    for (const key of keys) if (!found.has(key)) desk.clear(key, ending(key));
    desk.forgetOthers(clearedByOthers, new Set([...found, ...alerts.map(alertKey)]));
  }
}

/** What a check that was just made says the contrary of, unless it was found anew. */
function isOver({ rule, taskId }: Pick<AlertCondition, 'rule' | 'taskId'>): boolean {
  if (rule === 'no_monitor' || rule === 'timeout_rate' || rule === 'database_unreachable') return true;
  return (rule === 'pipeline_stalled' || rule === 'task_stalled') && taskId === null;
}

function ending(key: string): string {
  const [rule, subject] = key.split(':');
  if (rule === 'no_monitor') return 'a monitor is alive again';
  if (rule === 'timeout_rate') return 'fewer tasks time out';
  if (rule === 'database_unreachable') return 'the database answers again';
  return subject === 'running tasks'
    ? 'fewer running tasks are silent'
    : `the heartbeats of ${String(subject)} land again`;
}
