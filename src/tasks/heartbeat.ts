import type { TaskStore } from '../database/task-store.js';
import type { Progress } from '../model/task.js';
import type { Lease } from '../pipeline/lease.js';
import type { Clock } from '../runtime/clock.js';
import { DatabaseUnreachableError, LeaseLostError, messageOf } from '../runtime/errors.js';
import type { Logger } from '../runtime/logger.js';
import { heartbeatFailed, heartbeatSent, writeLine } from '../runtime/messages.js';
import type { Lang } from '../runtime/messages.js';
import { backoffMs } from '../runtime/retry.js';

export interface HeartbeatOptions {
  readonly taskId: number;
  readonly pipelineId: number;
  readonly tasks: Pick<TaskStore, 'renew'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly lang: Lang;
  readonly intervalMs: number;
  /** How long nothing may move before the task stops beating. */
  readonly stallAfterMs: number;
}

/** The first wait before a lost database is asked again; later ones grow to one heartbeat interval. */
const firstRetryMs = 250;

/**
 * A task's heartbeat: it tells the truth. It beats as long as work moves. Every turn of the loop that moved may renew the
 * lease when a beat is due; while one call is in the air a ticker does, but only until nothing has moved for
 * `stallAfterMs`: a run that hangs falls silent, and a monitor can see it.
 */
export class Heartbeat implements Lease {
  readonly taskId: number;
  readonly #options: HeartbeatOptions;
  readonly #lost = new AbortController();
  #progress: Progress | null = null;
  #movedAt: number;
  #renewedAt = -Infinity;
  /** The wall-clock time of the last beat in milliseconds, for people. */
  #beatAt: number | null = null;
  #away = false;
  /** Recoveries since the work last moved. */
  #recoveries = 0;
  #stalled = false;
  #renewing: Promise<void> | null = null;

  constructor(options: HeartbeatOptions) {
    this.taskId = options.taskId;
    this.#options = options;
    this.#movedAt = options.clock.monotonic();
  }

  /** Aborted, with a LeaseLostError as its reason, as soon as a beat finds that the lease is another's. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** When the last beat landed, by this process's clock, in milliseconds since the epoch; null before the first. */
  get beatAt(): number | null {
    return this.#beatAt;
  }

  async moved(progress: Progress, signal: AbortSignal): Promise<void> {
    this.#touch(progress);
    this.#lost.signal.throwIfAborted();
    if (this.#away || this.#isDue()) await this.#renewAtLast(AbortSignal.any([signal, this.#lost.signal]));
  }

  renewed(progress: Progress): void {
    this.#touch(progress);
    this.#landed(this.#options.clock.monotonic());
  }

  async recover(signal: AbortSignal): Promise<void> {
    // Renewed, yet nothing has moved since: what failed will fail again if it is tried at once.
    if (this.#recoveries > 0) await this.#options.clock.sleep(this.#retryMs(this.#recoveries), signal);
    this.#recoveries++;
    await this.#renewAtLast(signal);
    this.#refuseToStall();
  }

  async #renewAtLast(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    for (let attempt = 1; ; attempt++) {
      signal.throwIfAborted();
      try {
        await this.#renew();
        return;
      } catch (error) {
        if (error instanceof LeaseLostError) throw error;
        // A run that waits for its database does not hang: what stands still then is not the work.
        this.#movedAt = clock.monotonic();
        await clock.sleep(this.#retryMs(attempt), signal);
      }
    }
  }

  /** Beats while calls are in the air, until `signal` is aborted or the lease is lost. */
  async tick(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    let failures = 0;
    while (!signal.aborted && !this.lost.aborted) {
      const waitMs = failures > 0 ? this.#retryMs(failures) : this.#untilDueMs();
      await clock.sleep(waitMs, signal).catch(() => undefined);
      failures = (await this.#beatIfDue(signal)) ? 0 : failures + 1;
    }
  }

  /** Returns false where a beat was due and failed. */
  async #beatIfDue(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted || this.#isStalled() || !(this.#away || this.#isDue())) return true;
    return this.#renew().then(
      () => true,
      () => false,
    );
  }

  #touch(progress: Progress): void {
    this.#progress = progress;
    this.#movedAt = this.#options.clock.monotonic();
    this.#stalled = false;
    this.#recoveries = 0;
  }

  #retryMs(attempt: number): number {
    const { intervalMs } = this.#options;
    return backoffMs(attempt, { firstMs: Math.min(firstRetryMs, intervalMs), maxMs: intervalMs });
  }

  /** A database that takes each beat and no commit must not keep a task alive for ever. */
  #refuseToStall(): void {
    const stillMs = this.#options.clock.monotonic() - this.#movedAt;
    if (stillMs < this.#options.stallAfterMs) return;
    throw new DatabaseUnreachableError(
      `the database answers, but for ${Math.round(stillMs / 1000)} s nothing could be read or committed`,
    );
  }

  #isDue(): boolean {
    return this.#options.clock.monotonic() - this.#renewedAt >= this.#options.intervalMs;
  }

  #untilDueMs(): number {
    const { clock, intervalMs } = this.#options;
    const sinceMs = clock.monotonic() - this.#renewedAt;
    return sinceMs < intervalMs ? intervalMs - sinceMs : intervalMs;
  }

  #isStalled(): boolean {
    const { clock, logger, stallAfterMs, taskId } = { ...this.#options };
    const stillMs = clock.monotonic() - this.#movedAt;
    if (stillMs < stallAfterMs) return false;
    if (!this.#stalled) {
      const fields = { event: 'task.stalled', task_id: taskId, still_seconds: Math.round(stillMs / 1000) };
      logger.log('warn', `nothing has moved for ${Math.round(stillMs / 1000)} s: task ${taskId} stops beating`, fields);
    }
    this.#stalled = true;
    return true;
  }

  /** Renews the lease once, however many ask for it at the same time. */
  #renew(): Promise<void> {
    this.#renewing ??= this.#renewOnce().finally(() => (this.#renewing = null));
    return this.#renewing;
  }

  async #renewOnce(): Promise<void> {
    const { tasks, taskId, clock, logger, lang } = this.#options;
    const sentAt = clock.monotonic();
    try {
      const renewed = await tasks.renew([taskId], this.#progress);
      if (renewed === 1) this.#landed(sentAt);
      else this.#lose();
    } catch (error) {
      if (error instanceof LeaseLostError) throw error;
      this.#away = true;
      writeLine(logger, heartbeatFailed(lang, this.#options, messageOf(error)));
      throw error;
    }
    writeLine(logger, heartbeatSent(lang, this.#options));
  }

  /** A beat counts from when it was sent: the database may have written it at any time since. */
  #landed(sentAt: number): void {
    this.#renewedAt = sentAt;
    this.#beatAt = this.#options.clock.now();
    this.#away = false;
  }

  #lose(): never {
    const error = new LeaseLostError(`task ${this.taskId} is no longer running: its lease is lost`);
    this.#lost.abort(error);
    throw error;
  }
}
