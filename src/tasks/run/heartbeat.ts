import type { Progress } from '../../model/task.js';
import { nothingToAwait } from '../../pipeline/lease.js';
import type { Lease } from '../../pipeline/lease.js';
import type { Clock } from '../../runtime/clock.js';
import {
  ChainparseError,
  DatabaseUnreachableError,
  DatabaseUnusableError,
  LeaseLostError,
  messageOf,
} from '../../runtime/errors.js';
import { backoffMs } from '../../runtime/retry.js';
import { scoped } from '../../runtime/scope.js';
import type { BeatResult, BeatRounds, Beating, SentBeat } from './beat-rounds.js';
import { HeartbeatReport } from './heartbeat-report.js';
import type { HeartbeatReportOptions } from './heartbeat-report.js';
import { StallWatch } from './stall-watch.js';

export interface HeartbeatOptions extends HeartbeatReportOptions {
  /** Shared by the tasks of a process. */
  readonly rounds: BeatRounds;
  readonly clock: Clock;
  readonly intervalMs: number;
  /** How long nothing may move before the task stops beating. */
  readonly stallAfterMs: number;
  /** Called after each beat which told that nobody knows how far the run is behind. */
  readonly onDoubt?: () => void;
}

/** The first wait before a lost database is asked again; later ones grow to one heartbeat interval. */
const firstRetryMs = 250;

/** After how long a commit keeps what was learnt of the chain before it from being known, in milliseconds. */
const doubtMs = 10_000;

/**
 * A task's heartbeat: it tells the truth. It beats as long as work moves. Every turn of the loop that moved may renew the
 * lease when a beat is due; while one call is in the air a ticker does, but only until nothing has moved for
 * `stallAfterMs`: a run that hangs falls silent, and a monitor can see it. What is silent still asks, once an interval,
 * whether its task has been ended.
 */
export class Heartbeat implements Lease, Beating {
  readonly taskId: number;
  isCommitting = false;
  readonly #options: HeartbeatOptions;
  readonly #lost = new AbortController();
  readonly #report: HeartbeatReport;
  readonly #stall: StallWatch;
  #progress: Progress | null = null;
  /** The progress that the database holds. */
  #kept: Progress | null = null;
  #renewedAt = -Infinity;
  #dueAfterMs: number;
  /** When a task that hangs was last asked about. */
  #askedAt = -Infinity;
  /** The wall-clock time of the last beat in milliseconds, for people. */
  #beatAt: number | null = null;
  /** What became of the latest beat; null where it landed. */
  #failure: Error | null = null;
  /** Tries in a row that failed. */
  #failures = 0;
  /** Beats that were due and failed since then. */
  #missed = 0;
  /** When the first of them did, by the monotonic clock. */
  #failingSince = 0;
  /** Recoveries since the work last moved. */
  #recoveries = 0;
  /** Since when the database has failed the work, by the monotonic clock; null: it does not. */
  #waitsSince: number | null = null;
  /** The task's end is on its way to the database. */
  #isEnding = false;
  /** It beats no more. */
  #hasLeft = false;

  constructor(options: HeartbeatOptions) {
    this.taskId = options.taskId;
    this.#options = options;
    this.#dueAfterMs = options.intervalMs * (1 - options.rounds.earlyShare);
    this.#report = new HeartbeatReport(options);
    this.#stall = new StallWatch({
      clock: options.clock,
      stallAfterMs: options.stallAfterMs,
      onStall: (stillSeconds) => this.#report.stalled(stillSeconds),
      onMove: () => this.#report.movedAgain(),
    });
  }

  /**
   * Aborted as soon as a beat finds that the lease is another's, or that the database is no longer the one that it was: with
   * a LeaseLostError or a DatabaseUnusableError as its reason.
   */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** When the last beat landed, by this process's clock, in milliseconds since the epoch; null before the first. */
  get beatAt(): number | null {
    return this.#beatAt;
  }

  get unkept(): Progress | null {
    const progress = this.#progress === null ? null : this.shown(this.#progress);
    return progress === this.#kept ? null : progress;
  }

  get isStalled(): boolean {
    return this.#stall.isStalled;
  }

  get isRipe(): boolean {
    return this.#isAway || this.#sinceRenewedMs >= this.#dueAfterMs / 2;
  }

  get isDoubtful(): boolean {
    return this.isStalled && this.#sinceKnownMs >= this.#options.intervalMs / 2;
  }

  asked(at: number): void {
    this.#askedAt = at;
  }

  moved(progress: Progress, signal: AbortSignal): Promise<void> {
    this.#touch(progress);
    if (!this.lost.aborted && !this.#isAway && !this.#isDue) return nothingToAwait;
    return scoped([signal, this.lost], (over) => this.#renewAtLast(over));
  }

  renewed(progress: Progress): void {
    this.#touch(progress);
    this.#kept = progress;
    if (this.#isAway) this.#report.renewedAgain();
    this.#landed(this.#options.clock.monotonic());
  }

  /** Returns a progress as it may be shown: the lag of who follows the head is not known while the database takes no commit. */
  shown(progress: Progress): Progress {
    const unheardMs = progress.mode === 'realtime' ? this.#unheardMs : null;
    return unheardMs === null ? progress : { ...progress, lagUnknownSeconds: Math.round(unheardMs / 1_000) };
  }

  async recover(cause: Error, signal: AbortSignal): Promise<void> {
    // Of what nobody waits for any more nothing is told.
    signal.throwIfAborted();
    if (cause instanceof DatabaseUnreachableError) this.#noteWait(cause);
    // Renewed, yet nothing has moved since: what failed will fail again if it is tried at once.
    if (this.#recoveries > 0) await this.#options.clock.sleep(this.#retryMs(this.#recoveries), signal);
    this.#recoveries++;
    await this.#renewAtLast(signal);
    this.#refuseToStall(cause);
  }

  /** Beats while calls are in the air, until `signal` is aborted or the lease is lost. */
  async tick(signal: AbortSignal): Promise<void> {
    const { clock, rounds } = this.#options;
    rounds.join(this);
    while (!signal.aborted && !this.lost.aborted) {
      await clock.sleep(this.#untilNextMs(), signal).catch(() => undefined);
      if (this.isStalled) this.#askIfDue(signal);
      else await this.#beatIfDue(signal);
    }
    rounds.leave(this);
    this.#hasLeft = true;
  }

  /** Tells that the task is ending itself: a beat that is refused from now on came behind that end, and is no news. */
  ending(): void {
    this.#isEnding = true;
  }

  settle(result: BeatResult, { progress, sentAt }: SentBeat): void {
    if (result === 'landed') {
      this.#kept = progress ?? this.#kept;
      this.#landed(sentAt);
      this.#report.landed(this.#options.clock.monotonic() - sentAt);
      if (progress?.lagUnknownSeconds !== undefined) this.#options.onDoubt?.();
    } else if (result === 'lost') {
      this.#failure = new LeaseLostError(`task ${this.taskId} is no longer running: its lease is lost`);
      if (!this.#isEnding) this.#report.refused();
      this.#lost.abort(this.#failure);
    } else {
      this.#failure = result;
      const failures = this.#countFailed();
      // One that another's round had taken along: nobody could call over what is told of a task that is done.
      if (!this.#hasLeft) this.#report.failed(result, failures);
      if (result instanceof DatabaseUnusableError) this.#lost.abort(result);
    }
  }

  /** Returns how many beats that were due have failed in a row: the tries that are made for one of them do not count. */
  #countFailed(): number {
    const now = this.#options.clock.monotonic();
    if (this.#failures++ === 0) [this.#failingSince, this.#missed] = [now, 0];
    // A process that stood still for long has missed beats, and tried none of them.
    this.#missed = Math.min(this.#missed + 1, 1 + Math.floor((now - this.#failingSince) / this.#options.intervalMs));
    return this.#missed;
  }

  async #renewAtLast(signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      try {
        await this.#renew();
        return;
      } catch (error) {
        if (error instanceof LeaseLostError || error instanceof DatabaseUnusableError) throw error;
        // A run that waits for its database does not hang: what stands still then is not the work.
        this.#stall.paused();
        await this.#options.clock.sleep(this.#retryMs(this.#failures), signal);
      }
    }
  }

  async #beatIfDue(signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.lost.aborted || !(this.#isAway || this.#isDue)) return;
    await this.#renew().catch(() => undefined);
  }

  /** Not awaited: what moves again must not wait with its beat for a server that is frozen. */
  #askIfDue(signal: AbortSignal): void {
    if (signal.aborted || this.lost.aborted || this.#untilAskedMs() > 0) return;
    void this.#options.rounds.ask();
  }

  async #renew(): Promise<void> {
    await this.#options.rounds.renew(this);
    if (this.#failure !== null) throw this.#failure;
  }

  get #isAway(): boolean {
    return this.#failures > 0;
  }

  get #isDue(): boolean {
    return this.#sinceRenewedMs >= this.#dueAfterMs;
  }

  get #sinceRenewedMs(): number {
    return this.#options.clock.monotonic() - this.#renewedAt;
  }

  #touch(progress: Progress): void {
    if (this.#waitsSince !== null) this.#report.goesOn(this.#options.clock.monotonic() - this.#waitsSince);
    this.#waitsSince = null;
    this.#progress = progress;
    this.#stall.moved();
    this.#recoveries = 0;
  }

  #noteWait(cause: DatabaseUnreachableError): void {
    const now = this.#options.clock.monotonic();
    this.#waitsSince ??= now - this.#stall.stillMs;
    this.#report.waits(cause, now - this.#waitsSince);
  }

  /** For how long nobody has learnt how far the chain is, because of the database; null: it can be learnt. */
  get #unheardMs(): number | null {
    if (this.#waitsSince !== null) return this.#options.clock.monotonic() - this.#waitsSince;
    return this.isCommitting && this.#stall.stillMs >= doubtMs ? this.#stall.stillMs : null;
  }

  #retryMs(attempt: number): number {
    const { intervalMs } = this.#options;
    return backoffMs(attempt, { firstMs: Math.min(firstRetryMs, intervalMs), maxMs: intervalMs });
  }

  /** A database that takes each beat and no commit must not keep a task alive for ever. */
  #refuseToStall(cause: Error): void {
    if (this.#stall.stillMs < this.#options.stallAfterMs) return;
    const seconds = Math.round(this.#stall.stillMs / 1000);
    const message = `the database answers, but for ${seconds} s nothing could be read or committed: ${messageOf(cause)}`;
    const hint = cause instanceof ChainparseError ? cause.hint : undefined;
    throw new DatabaseUnreachableError(message, { hint, cause });
  }

  #untilNextMs(): number {
    if (this.isStalled) return this.#untilAskedMs();
    if (this.#isAway) return this.#retryMs(this.#failures);
    // The first beat comes with the first progress, and the next one of a task that hangs with its next.
    if (this.#renewedAt === -Infinity) return this.#dueAfterMs;
    return Math.max(0, this.#dueAfterMs - this.#sinceRenewedMs);
  }

  #untilAskedMs(): number {
    return Math.max(0, this.#options.intervalMs - this.#sinceKnownMs);
  }

  /** How long ago the database last said, or was last asked, whose the task is. */
  get #sinceKnownMs(): number {
    return this.#options.clock.monotonic() - Math.max(this.#renewedAt, this.#askedAt);
  }

  /** A beat counts from when it was sent: the database may have written it at any time since. */
  #landed(sentAt: number): void {
    const { clock, intervalMs } = this.#options;
    if (this.#renewedAt !== -Infinity) this.#dueAfterMs = intervalMs;
    this.#renewedAt = sentAt;
    this.#beatAt = clock.now();
    this.#failure = null;
    this.#failures = 0;
  }
}
