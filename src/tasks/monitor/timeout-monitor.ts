import type { DatabaseProbe } from '../../database/tasks/database-probe.js';
import type { TimeoutRule, TimeoutStore } from '../../database/tasks/timeout-store.js';
import type { Task } from '../../model/task.js';
import type { Clock } from '../../runtime/clock.js';
import type { Logger } from '../../runtime/logger.js';
import { timeoutChecked, writeLine } from '../../texts/log-lines.js';
import type { Lang } from '../../runtime/lang.js';
import { backoffMs } from '../../runtime/retry.js';
import { CheckInterval, type CheckTimes } from './check-times.js';
import { DatabaseContact } from './database-contact.js';
import type { Observe } from '../../model/liveness-event.js';
import { OutageWatch } from './outage-watch.js';
import type { MonitorPresence } from './monitor-presence.js';
import { failSilentTasks, type Trust } from './timeout-check.js';
import { untilAborted } from '../../runtime/until-aborted.js';

export interface TimeoutMonitorOptions {
  readonly store: TimeoutStore;
  readonly rule: TimeoutRule;
  /** From one check to the next; with `times` only how often it looks at least while it may not judge. */
  readonly checkIntervalMs: number;
  /** When it checks; left out: at once, and then at every interval. */
  readonly times?: CheckTimes;
  /** Tells this monitor from all others. */
  readonly name: string;
  /** Where it shows that it is alive itself. */
  readonly presence: MonitorPresence;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly lang: Lang;
  readonly observe?: Observe;
  /** Told each time the database was asked: whether it is away. */
  readonly turned?: (isAway: boolean) => void;
}

/** What a check found. */
export interface CheckResult {
  readonly running: number;
  readonly timedOut: readonly Task[];
}

/** Fails tasks that fell silent, and nobody else: it judges only while it can know. */
export class TimeoutMonitor {
  readonly #options: TimeoutMonitorOptions;
  readonly #heartbeatIntervalMs: number;
  readonly #watch: OutageWatch;
  readonly #observe: Observe;
  readonly #contact: DatabaseContact;
  #checks = 0;
  /** Failed since the latest check that came to its end. */
  readonly #timedOut: Task[] = [];

  constructor(options: TimeoutMonitorOptions) {
    this.#options = options;
    this.#heartbeatIntervalMs = options.rule.heartbeatIntervalSeconds * 1_000;
    this.#observe = options.observe ?? ((): void => undefined);
    this.#contact = new DatabaseContact({ logger: options.logger, observe: this.#observe });
    this.#watch = new OutageWatch({ clock: options.clock, heartbeatIntervalMs: this.#heartbeatIntervalMs });
  }

  /** Checks whenever a check is due, until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, checkIntervalMs, times = new CheckInterval(clock, checkIntervalMs) } = this.#options;
    while (!signal.aborted) {
      const startedAt = clock.monotonic();
      if (times.untilNextMs() > 0) {
        if ((await this.#look(signal)) !== null) this.#observe({ kind: 'looked' });
      } else if ((await this.#check(signal)) !== null) times.checked(startedAt);
      this.#options.turned?.(this.#contact.trouble !== null);
      await this.#sleep(times.untilNextMs(), signal);
    }
    await this.#options.presence.end();
  }

  /**
   * Makes one check as soon as it may judge; returns null where `signal` was aborted before. Throws
   * DatabaseUnreachableError where the database is away for longer than `patienceMs`.
   */
  async checkOnce(patienceMs: number, signal: AbortSignal): Promise<CheckResult | null> {
    const { clock } = this.#options;
    let awayAt: number | null = null;
    while (!signal.aborted) {
      const result = await this.#check(signal);
      // It has not ended as one that goes on does: whoever makes it look now and then makes it look again.
      if (result !== null) return result;
      const { trouble } = this.#contact;
      awayAt = trouble === null ? null : (awayAt ?? clock.monotonic());
      const leftMs = awayAt === null ? Infinity : awayAt + patienceMs - clock.monotonic();
      if (trouble !== null && leftMs <= 0) throw trouble;
      await this.#sleep(0, signal, leftMs);
    }
    return null;
  }

  /** Fails the silent where it may judge. Null: it may not, or could not. */
  async #check(signal: AbortSignal): Promise<CheckResult | null> {
    if ((await this.#look(signal)) === null) return null;
    try {
      return await this.#judge(signal);
    } catch (error) {
      this.#noteTrouble(error);
      return null;
    }
  }

  /** Asks the database, and shows that this monitor is alive; returns null where nobody may be judged. */
  async #look(signal: AbortSignal): Promise<Trust | null> {
    const now = await this.#probe(signal);
    if (now === null) return null;
    try {
      await untilAborted(this.#options.presence.show(this.#watch.waiting), signal);
      this.#noteDistrust(this.#watch.did("the monitor's own beat"));
    } catch (error) {
      this.#noteTrouble(error);
      return null;
    }
    return this.#trust(now);
  }

  #trust(now: string | null): Trust | null {
    if (now === null || this.#watch.waitMs > 0) return null;
    const heardForSeconds = Math.floor(this.#watch.heardForMs / 1_000);
    return { now, heardForSeconds: Number.isFinite(heardForSeconds) ? heardForSeconds : null };
  }

  /** Returns the database's clock; null where it can't be asked, or `signal` is aborted. */
  async #probe(signal: AbortSignal): Promise<string | null> {
    try {
      const probe = await untilAborted(this.#ask(), signal);
      if (probe === null) return null;
      this.#contact.answered();
      this.#noteDistrust(this.#watch.probeAnswered(probe));
      return probe.now;
    } catch (error) {
      this.#noteTrouble(error);
      return null;
    }
  }

  /** A database that answers and takes nothing, for its disk is full, is away until it takes a beat. */
  async #ask(): Promise<DatabaseProbe> {
    if (this.#contact.trouble !== null) await this.#options.presence.show(this.#watch.waiting, { isDue: true });
    return this.#options.store.probe();
  }

  async #judge(signal: AbortSignal): Promise<CheckResult | null> {
    const { store, clock, logger, lang, rule, name, presence } = this.#options;
    const startedAt = clock.monotonic();
    const reason = `silent for longer than its timeout: failed by monitor ${name}, check ${++this.#checks}`;
    const running = await store.countRunning();
    const trust = async (): Promise<Trust | null> => this.#trust(await this.#probe(signal));
    const judgement = { store, logger, lang, rule, reason, trust, observe: this.#observe, failed: this.#timedOut };
    const isDone = await failSilentTasks(judgement);
    this.#noteDistrust(this.#watch.did('the check'));
    if (!isDone) return null;
    const durationMs = clock.monotonic() - startedAt;
    await presence.checked(this.#timedOut.length);
    this.#noteDistrust(this.#watch.did("the monitor's own beat"));
    this.#contact.checked();
    const timedOut = this.#timedOut.splice(0);
    writeLine(logger, timeoutChecked(lang, { running, timedOut: timedOut.length, durationMs }));
    const isTrusted = this.#watch.waitMs === 0;
    this.#observe({ kind: 'checked', running, timedOut: timedOut.length, durationMs, isTrusted });
    return { running, timedOut };
  }

  #noteTrouble(error: unknown): void {
    this.#contact.failed(error);
    this.#watch.failed(error);
  }

  #noteDistrust(reason: string | null): void {
    if (reason === null) return;
    const wait_seconds = Math.ceil(this.#watch.waitMs / 1_000);
    const message = `${reason}: nobody is judged for ${wait_seconds} s, in which living runs are heard`;
    this.#options.logger.log('warn', message, { event: 'monitor.waiting', reason, wait_seconds });
  }

  /** Sleeps until the next check or probe, and notices where it slept for longer. */
  async #sleep(untilCheckMs: number, signal: AbortSignal, mostMs = Infinity): Promise<void> {
    const { clock } = this.#options;
    const plannedMs = Math.max(1, Math.min(mostMs, this.#plan(untilCheckMs)));
    await clock.sleep(plannedMs, signal).catch(() => undefined);
    if (!signal.aborted) this.#noteDistrust(this.#watch.slept(plannedMs));
  }

  /** Probes come so often that no outage between two of them makes a run miss its three beats. */
  #plan(untilCheckMs: number): number {
    const { failures } = this.#contact;
    if (failures > 0) return backoffMs(failures, { firstMs: 250, maxMs: this.#heartbeatIntervalMs });
    const waitMs = this.#watch.waitMs > 0 ? this.#watch.waitMs + 1 : untilCheckMs;
    return Math.min(this.#heartbeatIntervalMs / 2, this.#options.checkIntervalMs, waitMs);
  }
}
