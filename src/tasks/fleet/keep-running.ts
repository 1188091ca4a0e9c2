import type { EndStore, Revived } from '../../database/pipelines/end-store.js';
import type { WantedStore } from '../../database/pipelines/wanted-store.js';
import type { DatabaseProbe } from '../../database/tasks/database-probe.js';
import type { SinkWish } from '../../model/sink.js';
import { taskStatus } from '../../model/task.js';
import type { EndedTask, EndVerdict, UnjudgedEnd } from '../../model/wanted.js';
import type { Clock } from '../../runtime/clock.js';
import {
  DatabaseBusyError,
  DatabaseForbiddenError,
  DatabaseUnreachableError,
  messageOf,
} from '../../runtime/errors.js';
import type { Logger } from '../../runtime/logger.js';
import { untilAborted } from '../../runtime/until-aborted.js';
import type { OutageWatch } from '../monitor/outage-watch.js';

export interface KeepRunningOptions {
  readonly store: Pick<WantedStore, 'listDue' | 'queueDue'>;
  readonly ends: Pick<EndStore, 'listUnjudged' | 'listDroppedDeliveries' | 'judge' | 'listRevived' | 'takeBack'>;
  /** Asks the database for its clock and how long it is up. */
  readonly probe: () => Promise<DatabaseProbe>;
  /** Has the silence of tasks count from now on whose heartbeats lie in the future; returns their ids. */
  readonly takeBackAhead: () => Promise<readonly number[]>;
  /** Gives the worker's own sign of life; throws where the database takes none. */
  readonly beat: () => Promise<void>;
  /** Knows whether silence means anything; what is noticed here its others hear of. */
  readonly outages: OutageWatch;
  /** Puts the times right for which pipelines with a schedule wait. */
  readonly keepTimes: () => Promise<void>;
  /** Finds out what an end is judged by, and judges it. */
  readonly judge: (end: UnjudgedEnd) => Promise<EndVerdict>;
  /** Has deliveries gone on with whose task has come to nothing between two times of a schedule; returns the task that waits, or null. */
  readonly followDelivery: (end: UnjudgedEnd) => Promise<number | null>;
  /** Says of which sinks of a pipeline nothing is to come. */
  readonly listServed: (pipelineId: number) => Promise<readonly SinkWish[]>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly mask: (text: string) => string;
  readonly stopping: AbortSignal;
  readonly random?: () => number;
}

/** Between two looks for what is due, in milliseconds. */
const dueMs = 1_000;
/** Between two looks for started pipelines that nobody runs: those whose process can't have told. */
const unjudgedMs = 5_000;
/** Between two looks at the times of schedules: those that were changed, or the clock, in milliseconds. */
const timesMs = 15_000;
/** Rows that one statement gives. */
const page = 200;
/**
 * A pipeline that locks hold up is left alone for as long as they took, then twice as long each time, and for so many times as
 * long at most. The time between is the others', and has room for three beats at the default interval without a lock: else
 * their silence would never mean anything.
 */
const lockedFactor = 10;

interface OfPipeline {
  readonly pipelineId: number;
}

/**
 * Keeps started pipelines running, beside other workers that do the same: judges how tasks have ended, and queues those
 * that follow. Every step is conditional, so that of all workers one takes it.
 */
export class KeepRunning {
  readonly #options: KeepRunningOptions;
  #unjudgedAt = -Infinity;
  #timesAt = -Infinity;
  #isAway = false;
  /** Why the times of a pipeline could not be put right the last time; null: they could. */
  #untimed: string | null = null;
  /** Why no ends could be looked for the last time; null: they could. */
  #unjudged: unknown = null;
  /** Pipelines with which a step failed the last time, and why. */
  readonly #failing = new Map<number, string>();
  /** Until when pipelines are left alone that locks have held up, by the monotonic clock, and for how long in all. */
  readonly #locked = new Map<number, { readonly until: number; readonly waitMs: number }>();
  readonly #watch: OutageWatch;
  /** Why no silent task was followed the last time; null: they were. */
  #waiting: string | null = null;

  constructor(options: KeepRunningOptions) {
    this.#options = options;
    this.#watch = options.outages.another();
  }

  /** A task has ended here: how is judged at the next look. */
  poke(): void {
    this.#unjudgedAt = -Infinity;
  }

  /** Looks again and again until it is told to stop; throws nothing. */
  async run(): Promise<void> {
    const { clock, stopping, random = Math.random } = this.#options;
    while (!stopping.aborted) {
      // A server that is frozen must not hold up the end.
      await untilAborted(this.look(), stopping);
      // Workers that were started together don't look together for ever.
      const plannedMs = dueMs * (0.75 + random() / 2);
      await clock.sleep(plannedMs, stopping).then(
        () => this.#watch.slept(plannedMs),
        () => undefined,
      );
    }
  }

  /** Queues what is due and, now and then, judges what has ended. */
  async look(): Promise<void> {
    const { clock } = this.#options;
    try {
      // A database that answers and takes nothing, for it is read-only or its disk full, is away until it takes a beat.
      if (this.#isAway) await this.#step("the worker's own beat", this.#options.beat());
      if (clock.monotonic() - this.#timesAt >= timesMs) {
        this.#timesAt = clock.monotonic();
        await this.#keepTimes();
      }
      if (clock.monotonic() - this.#unjudgedAt >= unjudgedMs) {
        this.#unjudgedAt = clock.monotonic();
        // What is due needs no judgement.
        this.#unjudged = await this.#judgeAll().then(
          () => null,
          (error: unknown) => this.#unlessAway(error),
        );
      }
      await this.#queueDue();
      this.#setAway(this.#unjudged);
    } catch (error) {
      this.#watch.failed(error);
      this.#setAway(error);
    }
  }

  /** What is wrong with the schedule of one pipeline is told once: what has ended and what is due of all others does not wait for it. */
  async #keepTimes(): Promise<void> {
    const { keepTimes, logger, mask } = this.#options;
    try {
      await this.#step('keeping times', keepTimes());
      this.#untimed = null;
    } catch (error) {
      const reason = mask(messageOf(this.#unlessAway(error)));
      if (reason !== this.#untimed) logger.log('warn', reason, { event: 'fleet.untimed' });
      this.#untimed = reason;
    }
  }

  async #judgeAll(): Promise<void> {
    const { ends } = this.#options;
    this.#watch.probeAnswered(await this.#options.probe());
    await this.#countAheadFromNow();
    await this.#eachEnd(
      (after) => ends.listUnjudged(after, page),
      (end) => this.#judgeOne(end),
    );
    await this.#eachEnd(
      (after) => ends.listDroppedDeliveries(after, page),
      (end) => this.#followDelivery(end),
    );
    const revived = await this.#step('looking for what beats again', ends.listRevived(page));
    await this.#each(revived, (each) => this.#takeBack(each));
  }

  async #eachEnd(
    list: (after: number) => Promise<readonly UnjudgedEnd[]>,
    work: (end: UnjudgedEnd) => Promise<void>,
  ): Promise<void> {
    for (let after = 0; !this.#options.stopping.aborted;) {
      const ends = await this.#step('looking for ends', list(after));
      await this.#each(this.#known(ends), work);
      const last = ends.at(-1);
      if (last === undefined || ends.length < page) break;
      after = last.pipelineId;
    }
  }

  /** As with the monitor, no silent task is taken for dead before living runs could be heard: what came between two steps counts, too. */
  *#known(ends: readonly UnjudgedEnd[]): Iterable<UnjudgedEnd> {
    for (const end of ends) if (this.#isKnown(end.task)) yield end;
  }

  #isKnown(task: EndedTask | null): boolean {
    if (task?.status !== taskStatus.running) return true;
    // What is known of silence at all goes by the settings.
    return this.#watch.isSilenceKnownOf(task.heartbeatInterval ?? 0);
  }

  /** As a monitor does: a task that died before the clock was set back would seem to live until that time has come again. */
  async #countAheadFromNow(): Promise<void> {
    const { takeBackAhead, logger } = this.#options;
    const { length: tasks } = await this.#step('looking for heartbeats ahead', takeBackAhead());
    if (tasks === 0) return;
    const message = `the last heartbeats of some tasks (${tasks}) lie in the future: their silence counts from now on`;
    logger.log('info', message, { event: 'fleet.clock', tasks });
  }

  /** What took so long that living runs could not be heard meanwhile gives reason to wait. */
  async #step<T>(what: string, work: Promise<T>): Promise<T> {
    const result = await work;
    this.#watch.did(what);
    this.#tellWaiting();
    return result;
  }

  /** Whoever in this process has noticed it, it is told here, and once. */
  #tellWaiting(): void {
    const { waiting: reason } = this.#watch;
    const isNews = reason !== this.#waiting;
    this.#waiting = reason;
    if (reason === null || !isNews) return;
    const wait_seconds = Math.ceil(this.#watch.waitMs / 1_000);
    const message = `${reason}: no silent task is followed for ${wait_seconds} s, in which living runs are heard`;
    this.#options.logger.log('info', message, { event: 'fleet.waiting', reason, wait_seconds });
  }

  async #takeBack(revived: Revived): Promise<void> {
    if (!(await this.#options.ends.takeBack(revived))) return;
    const { pipelineId, taskId } = revived;
    const message = `task ${taskId} of pipeline ${pipelineId} beats again: the one that was to follow it is taken back`;
    this.#options.logger.log('info', message, {
      ...{ event: 'pipeline.revived', pipeline_id: pipelineId, task_id: taskId },
    });
  }

  async #followDelivery(end: UnjudgedEnd): Promise<void> {
    const { pipelineId } = end;
    const taskId = await this.#options.followDelivery(end);
    if (taskId === null) return;
    const message = `task ${taskId} goes on with the deliveries of pipeline ${pipelineId}`;
    this.#options.logger.log('info', message, {
      ...{ event: 'pipeline.delivered_again', pipeline_id: pipelineId, task_id: taskId },
    });
  }

  async #judgeOne(end: UnjudgedEnd): Promise<void> {
    const { ends, judge, listServed } = this.#options;
    const verdict = await judge(end);
    // Whoever asked for something in its last moments was told that the run would see to it.
    const isLast = verdict.kind === 'done' || verdict.kind === 'scheduled';
    const served = isLast && end.task?.endReason === 'completed' ? await listServed(end.pipelineId) : null;
    if (await ends.judge(end, verdict, served)) this.#tell(end, verdict);
  }

  #tell({ pipelineId, task }: UnjudgedEnd, verdict: EndVerdict): void {
    const { logger, mask } = this.#options;
    const fields = { pipeline_id: pipelineId, ...(task === null ? {} : { task_id: task.id }) };
    if (verdict.kind === 'held') {
      const message = `pipeline ${pipelineId} waits for a person: ${mask(verdict.reason)}`;
      logger.log('error', message, { event: 'pipeline.held', ...fields });
    } else if (verdict.kind === 'scheduled') {
      const { at, skipped } = verdict.slot;
      const passed = skipped === null ? '' : `; it did not at ${skipped}, for it still ran`;
      const slot = { next_run: at, skipped };
      const message = `pipeline ${pipelineId} runs at ${at}${passed}`;
      logger.log(skipped === null ? 'info' : 'warn', message, { event: 'pipeline.scheduled', ...fields, ...slot });
    } else if (verdict.kind === 'done') {
      logger.log('info', `pipeline ${pipelineId} has ended and is stopped`, { event: 'pipeline.done', ...fields });
    } else {
      const { failures, inSeconds } = verdict;
      const message = `pipeline ${pipelineId} is started again in ${inSeconds} s`;
      const level = inSeconds === 0 || failures === 0 ? 'info' : 'warn';
      logger.log(level, message, { event: 'pipeline.again', ...fields, failures, in_seconds: inSeconds });
    }
  }

  /** Workers begin with different ones: none waits for what another takes. */
  async #queueDue(): Promise<void> {
    const { store, random = Math.random } = this.#options;
    const due = await this.#step('looking for what is due', store.listDue(page));
    const first = Math.floor(random() * due.length);
    const inTurn = [...due.slice(first), ...due.slice(0, first)].map((pipelineId) => ({ pipelineId }));
    await this.#each(inTurn, ({ pipelineId }) => store.queueDue(pipelineId));
  }

  /** Whatever is wrong with one pipeline, a lock too, is told once, and holds up no other, unless it is the database that is away. */
  async #each<T extends OfPipeline>(items: Iterable<T>, work: (item: T) => Promise<unknown>): Promise<void> {
    const { clock, stopping } = this.#options;
    for (const item of items) {
      if (stopping.aborted) return;
      const { pipelineId } = item;
      const from = clock.monotonic();
      if (from < (this.#locked.get(pipelineId)?.until ?? from)) continue;
      try {
        await this.#step('a step', work(item));
        this.#failing.delete(pipelineId);
        // What had held it up may have held up the others, too.
        if (this.#locked.has(pipelineId)) this.#locked.clear();
      } catch (error) {
        this.#tellFailing(item, this.#unlessAway(error));
        if (error instanceof DatabaseBusyError) this.#leaveAlone(item, clock.monotonic() - from);
      }
    }
  }

  #leaveAlone({ pipelineId }: OfPipeline, tookMs: number): void {
    const before = this.#locked.get(pipelineId)?.waitMs ?? 0;
    const waitMs = Math.min(Math.max(tookMs, 2 * before), lockedFactor * tookMs);
    this.#locked.set(pipelineId, { until: this.#options.clock.monotonic() + waitMs, waitMs });
  }

  #tellFailing({ pipelineId }: OfPipeline, error: unknown): void {
    const { logger, mask } = this.#options;
    const reason = mask(messageOf(error));
    if (this.#failing.get(pipelineId) === reason) return;
    this.#failing.set(pipelineId, reason);
    const message = `pipeline ${pipelineId} can't be kept running here: ${reason}`;
    logger.log('warn', message, { event: 'fleet.failing', pipeline_id: pipelineId });
  }

  #setAway(error: unknown): void {
    const { logger, mask } = this.#options;
    const isAway = error !== null;
    if (isAway === this.#isAway) return;
    this.#isAway = isAway;
    const message = isAway
      ? `pipelines can't be kept running: ${mask(messageOf(error))}`
      : 'pipelines are kept running again';
    logger.log(isAway ? 'warn' : 'info', message, { event: isAway ? 'fleet.away' : 'fleet.back' });
  }

  /** Returns what went wrong; throws it where the database is away, for nothing more can be done then. Locks need not be in the way of all. */
  #unlessAway(error: unknown): unknown {
    if (error instanceof DatabaseUnreachableError && !(error instanceof DatabaseBusyError)) throw error;
    // A right that one step wants and nothing else keeps no run from being heard.
    if (!(error instanceof DatabaseForbiddenError)) this.#watch.failed(error);
    return error;
  }
}
