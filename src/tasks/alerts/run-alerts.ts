import { alertKey } from '../../model/alert.js';
import type { AlertCondition, AlertRule } from '../../model/alert.js';
import type { AlertSettings } from '../../settings/settings.js';
import type { DatabaseProbe } from '../../database/tasks/database-probe.js';
import type { Clock } from '../../runtime/clock.js';
import { heartbeatFailing, noMonitor, pipelineHangs } from './alert-conditions.js';
import type { AlertDesk } from './alert-desk.js';
import { DatabaseRule } from './database-rule.js';
import type { LivenessEvent } from '../../model/liveness-event.js';
import type { OutageWatch } from '../monitor/outage-watch.js';
import { isWatched } from './watched-rules.js';

export interface RunAlertsOptions {
  readonly desk: AlertDesk;
  readonly rules: AlertSettings;
  readonly clock: Clock;
  /** `host:pid` of this process. */
  readonly worker: string;
  /** From one look at what stands to the next, in milliseconds. */
  readonly turnMs: number;
  /** Says whether the database has a task as running. */
  readonly isRunning: (taskId: number) => Promise<boolean>;
  /** Says whether any timeout monitor is alive. */
  readonly isMonitored: () => Promise<boolean>;
  /** How long after the start of the run a monitor may be missing, in milliseconds. */
  readonly unmonitoredMs: number;
  /** Knows whether silence means anything; what is noticed here its others hear of. */
  readonly outages: OutageWatch;
  /** Asks the database for its clock and how long it is up. */
  readonly probe: () => Promise<DatabaseProbe>;
  /** Judges the sinks, and the pipelines, by what the database says of all of them. */
  readonly judge: () => Promise<void>;
}

/** What this process alone knows of itself, and nobody finds in the database's rows. */
const ownRules: ReadonlySet<AlertRule> = new Set(['heartbeat_failing', 'pipeline_stalled']);

/** The rules of a process that runs tasks. */
export class RunAlerts {
  readonly #options: RunAlertsOptions;
  readonly #database: DatabaseRule;
  /** Tasks that have not moved for too long, by id. */
  readonly #hanging = new Set<number>();
  /** Looks in a row that found no monitor alive. */
  #missed = 0;

  constructor(options: RunAlertsOptions) {
    this.#options = options;
    const { desk, clock, rules } = options;
    this.#database = new DatabaseRule({ desk, clock, limitSeconds: rules.databaseUnreachableSeconds });
  }

  /** Judges what a heartbeat has noticed. */
  readonly observe = (event: LivenessEvent): void => {
    if (event.kind === 'beat_failed') this.#beatFailed(event);
    else if (event.kind === 'beat_landed' || event.kind === 'renewed_again') this.#beatLanded(event.taskId);
    else if (event.kind === 'beat_refused') this.#beatRefused(event.taskId);
    else if (event.kind === 'ended') this.#ended(event.taskId);
    else if (event.kind === 'stalled') this.#stalled(event);
    else if (event.kind === 'moved_again') {
      this.#hanging.delete(event.taskId);
      this.#clear(event.taskId, 'pipeline_stalled', `pipeline ${event.pipelineId} moves again`);
    }
  };

  /** Repeats what still stands, judges pipelines and sinks and looks for a monitor, until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { desk, clock, rules, unmonitoredMs, turnMs } = this.#options;
    const startedAt = clock.monotonic();
    for (;;) {
      // A fleet that takes long to judge is no outage: each turn is watched from its sleep to its probe.
      const outages = this.#options.outages.another();
      await clock.sleep(turnMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      outages.slept(turnMs);
      for (const condition of desk.standing) if (ownRules.has(condition.rule)) this.#repeat(condition);
      await this.judge(outages);
      if (rules.noMonitor) await this.#lookForMonitor(clock.monotonic() - startedAt >= unmonitoredMs);
    }
  }

  /**
   * Judges the sinks and the pipelines. As with a monitor, after an outage nobody is judged before all could take up again what
   * they do.
   */
  async judge(outages: OutageWatch = this.#options.outages.another()): Promise<void> {
    const { probe, judge } = this.#options;
    try {
      outages.probeAnswered(await probe());
    } catch (error) {
      // Where the database can't say there are other alerts.
      outages.failed(error);
      return;
    }
    // One long statement that was broken off is no outage: runs are heard meanwhile.
    if (outages.isSilenceKnown) await judge().catch(() => undefined);
  }

  /** Its pipeline goes on without a shard that hangs, and its own task would call the alert over at once. */
  #stalled(event: LivenessEvent & { readonly kind: 'stalled' }): void {
    const { rules, worker } = this.#options;
    if (event.shard !== undefined || !isWatched('pipeline_stalled', rules)) return;
    this.#hanging.add(event.taskId);
    void this.#raiseHanging(pipelineHangs(event, event.stillSeconds, worker), event.taskId);
  }

  #repeat(condition: AlertCondition): void {
    const { rule, taskId } = condition;
    if (rule === 'pipeline_stalled' && taskId !== null) void this.#raiseHanging(condition, taskId);
    else this.#options.desk.raise(condition);
  }

  /** To a process that was frozen its own work looks still, which another has taken over meanwhile. */
  async #raiseHanging(condition: AlertCondition, taskId: number): Promise<void> {
    const { desk, isRunning } = this.#options;
    const mayRun = await isRunning(taskId).catch(() => true);
    if (mayRun && this.#hanging.has(taskId)) desk.raise(condition);
  }

  /** What was wrong with a task may still be wrong with its pipeline: who judges that clears it. */
  #ended(taskId: number): void {
    const { desk } = this.#options;
    this.#hanging.delete(taskId);
    for (const condition of desk.standing) if (condition.taskId === taskId) desk.forget(alertKey(condition));
  }

  #beatFailed(event: LivenessEvent & { readonly kind: 'beat_failed' }): void {
    const { desk, rules } = this.#options;
    this.#database.away(event.error);
    if (rules.heartbeatFailures === null || event.failures < rules.heartbeatFailures) return;
    desk.raise(heartbeatFailing(event, event.failures, event.error));
  }

  #beatLanded(taskId: number): void {
    this.#clear(taskId, 'heartbeat_failing', `the heartbeats of task ${taskId} land again`);
    this.#database.back();
  }

  /** The database answers again, and says that others have ended the task: nobody else takes back what was told without it. */
  #beatRefused(taskId: number): void {
    this.#clear(taskId, 'heartbeat_failing', `task ${taskId} has ended, and beats no more`);
    this.#database.back();
    this.#ended(taskId);
  }

  /** At two looks in a row there must be none: one that is started anew is away for a moment. */
  async #lookForMonitor(isDue: boolean): Promise<void> {
    const { desk, isMonitored } = this.#options;
    // Where the database can't say there are other alerts; where it takes no beat of a run, it takes none of a monitor.
    const monitored = this.#database.isAway ? null : await isMonitored().catch(() => null);
    this.#missed = monitored === false ? this.#missed + 1 : 0;
    if (isDue && this.#missed > 1) desk.raise(noMonitor(), { isAbsence: true });
    const known = desk.standing.some(({ rule }) => rule === 'no_monitor');
    if (monitored === true && known) desk.clear(alertKey(noMonitor()), 'a monitor is alive again');
  }

  #clear(taskId: number, rule: AlertRule, message: string): void {
    const { desk } = this.#options;
    const standing = desk.standing.find((condition) => condition.rule === rule && condition.taskId === taskId);
    if (standing !== undefined) desk.clear(alertKey(standing), message);
  }
}
