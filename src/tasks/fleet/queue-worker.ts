import type { QueuedTask, Refusal, TaskQueue } from '../../database/tasks/task-queue.js';
import {
  DatabaseUnreachableError,
  DatabaseUnusableError,
  messageOf,
  PipelineDeletedError,
  RuntimeFailure,
} from '../../runtime/errors.js';
import { Bell } from '../../runtime/bell.js';
import type { Clock } from '../../runtime/clock.js';
import type { Logger } from '../../runtime/logger.js';
import { scoped } from '../../runtime/scope.js';
import { untilAborted } from '../../runtime/until-aborted.js';
import { waitAtMost } from '../../runtime/wait-at-most.js';
import type { OutageWatch } from '../monitor/outage-watch.js';
import type { FairShare } from './fair-share.js';
import type { WorkerPresence } from './worker-presence.js';

/** What became of a queued task: it was run to its end, another has taken it, it can't be run here, or by anybody. */
export type QueuedOutcome = 'ran' | 'taken' | { readonly unfit: string } | { readonly refused: Refusal };

export interface QueueWorkerOptions {
  readonly queue: Pick<TaskQueue, 'listClaimable' | 'keepReason' | 'refuse'>;
  readonly presence: Pick<WorkerPresence, 'show' | 'end'>;
  /** Leaves to others what is theirs. */
  readonly share: Pick<FairShare, 'pick'>;
  /** Knows whether silence means anything; what is noticed here its others hear of. */
  readonly outages: OutageWatch;
  /** `host:pid`. */
  readonly name: string;
  /** Claims a task, says so, and runs it to its end, however it ends; throws nothing that ends the worker. */
  readonly run: (task: QueuedTask, claimed: () => void) => Promise<QueuedOutcome>;
  /** Tasks at one time. */
  readonly concurrency: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly mask: (text: string) => string;
  /** Told each time the queue was looked at: how many tasks run here, and whether the database is away. */
  readonly turned?: (running: number, isAway: boolean) => void;
  readonly stopping: AbortSignal;
}

/** Why a task can't be run here, and until when, by the monotonic clock, nobody looks at its lane again. */
interface Unfit {
  readonly task: QueuedTask;
  readonly reason: string;
  readonly until: number;
}

/** How long the last word of a worker may take, in milliseconds. */
const farewellMs = 1_000;

/** Between two looks at the queue, in milliseconds. */
const pollMs = 500;

/** What a look has found is news for so many times as long as the look took, in milliseconds at most: it takes the longer the more wait. */
const looksAmongWork = 20;
const longestNewsMs = 5_000;

/** Tasks that are claimed at one time: all of many at once would begin later than the first of them, one after the other. */
const claimsAtOnce = 8;

/** Of so many tasks that wait a worker knows at least: those that fall to it may not be the first. */
const leastSeen = 200;

/** A pipeline, or a shard, that can't be run here is looked at again after so long, in milliseconds. */
const unfitMs = 30_000;

/** Takes tasks from the queue and runs them, some at a time, until it is told to stop; then it waits for their ends. */
export class QueueWorker {
  readonly #options: QueueWorkerOptions;
  /** By their lanes: of a pipeline, and of each shard of it, one task runs at a time. */
  readonly #running = new Map<string, Promise<void>>();
  /** Those of them that have yet to claim theirs. */
  readonly #claiming = new Set<string>();
  /** Rings when a task has been claimed, or has ended. */
  readonly #news = new Bell();
  /** What the latest look has found for this worker, and is yet to be begun; and until when that is news. */
  #found: readonly QueuedTask[] = [];
  #newsUntil = Number.NEGATIVE_INFINITY;
  /** More wait than could be claimed at the latest look. */
  #isBehind = false;
  /** By lanes: what is wrong with a shard need not be so with its pipeline, whose own run alone may mend it. */
  readonly #unfit = new Map<string, Unfit>();
  #isAway = false;
  readonly #outages: OutageWatch;
  /** Why no more tasks can be taken here. */
  readonly #unusable = new AbortController();

  constructor(options: QueueWorkerOptions) {
    this.#options = options;
    this.#outages = options.outages.another();
  }

  /**
   * Throws, once what runs here has ended, where no task can be run here any more: DatabaseUnusableError where the database
   * is none that it may use, RuntimeFailure where the program's files are others.
   */
  async run(): Promise<void> {
    const { stopping } = this.#options;
    while (!stopping.aborted && !this.#unusable.signal.aborted) {
      const heard = this.#news.rings;
      // A server that is frozen must not hold up the end.
      await untilAborted(this.#fill(), stopping);
      this.#options.turned?.(this.#running.size, this.#isAway);
      await this.#rest(heard);
    }
    // It takes up nothing more, and may still run for long.
    const told = this.#options.presence.end();
    await Promise.all(this.#running.values());
    await waitAtMost(told, { clock: this.#options.clock, ms: farewellMs });
    this.#unusable.signal.throwIfAborted();
  }

  async #fill(): Promise<void> {
    const { presence, concurrency, stopping } = this.#options;
    const free = concurrency - this.#running.size;
    const room = Math.min(free, claimsAtOnce - this.#claiming.size);
    try {
      if (room <= 0 || !this.#hasFound) {
        await presence.show(this.#running.size);
        this.#outages.did("the worker's own beat");
      }
      if (room <= 0) return;
      if (!this.#hasFound) await this.#look(free, room);
      this.#setAway(null);
      if (stopping.aborted) return;
      const tasks = this.#found.slice(0, room);
      this.#found = this.#found.slice(room);
      for (const task of tasks) if (!this.#running.has(laneOf(task))) this.#start(task);
    } catch (error) {
      if (error instanceof DatabaseUnusableError) this.#retire(error);
      else {
        // What else may be wrong with one statement makes nobody unheard.
        this.#outages.failed(error);
        this.#setAway(error);
      }
    }
  }

  /** A look is dear where many wait: what it has found is begun first, for as long as it is news. Each claim is judged anew. */
  get #hasFound(): boolean {
    return this.#found.length > 0 && this.#options.clock.monotonic() < this.#newsUntil;
  }

  async #look(free: number, room: number): Promise<void> {
    const { queue, share, clock } = this.#options;
    const since = clock.monotonic();
    this.#found = [];
    const unfit = this.#passedOver();
    const most = Math.max(free, leastSeen) + this.#running.size + unfit.size;
    const heardForSeconds = this.#outages.isSilenceKnown ? Math.floor(this.#outages.heardForMs / 1_000) : 0;
    const except = [...unfit.values()].filter(({ shard }) => shard === 0).map(({ pipelineId }) => pipelineId);
    const waiting = await queue.listClaimable(most, except, heardForSeconds);
    // Another task of a shard may be of another cut.
    const isUnfit = (task: QueuedTask): boolean => unfit.get(laneOf(task))?.taskId === task.taskId;
    const others = waiting.filter((task) => !this.#running.has(laneOf(task)) && !isUnfit(task));
    this.#found = await share.pick(others, free);
    // What was found by an answer that came late is judged anew when it is claimed.
    this.#outages.did('a look at the queue');
    const now = clock.monotonic();
    this.#newsUntil = now + Math.min(longestNewsMs, Math.max(pollMs, looksAmongWork * (now - since)));
    this.#isBehind = this.#found.length > room;
  }

  #passedOver(): ReadonlyMap<string, QueuedTask> {
    const now = this.#options.clock.monotonic();
    return new Map([...this.#unfit].filter(([, { until }]) => until > now).map(([lane, { task }]) => [lane, task]));
  }

  #start(task: QueuedTask): void {
    const lane = laneOf(task);
    const running = this.#runOne(task).finally(() => {
      this.#running.delete(lane);
      this.#claimed(lane);
    });
    this.#claiming.add(lane);
    this.#running.set(lane, running);
  }

  #claimed(lane: string): void {
    this.#claiming.delete(lane);
    this.#news.ring();
  }

  async #runOne(task: QueuedTask): Promise<void> {
    const { run, stopping, logger, mask } = this.#options;
    let waits = true as boolean;
    const claimed = (): void => {
      waits = false;
      this.#claimed(laneOf(task));
    };
    try {
      const outcome = await run(task, claimed);
      if (typeof outcome === 'string') this.#unfit.delete(laneOf(task));
      else if ('unfit' in outcome) await this.#passOver(task, mask(outcome.unfit));
      else await this.#refuse(task, outcome.refused);
    } catch (error) {
      if (error instanceof DatabaseUnusableError) this.#retire(error);
      else if (isOfReplacedProgram(error)) this.#retire(programReplaced(error));
      // What nobody has foreseen comes again at the next look, too, as long as the task waits.
      else if (waits && !stopping.aborted && !(error instanceof DatabaseUnreachableError)) {
        await this.#passOver(task, mask(messageOf(error)));
        return;
      }
      // It is told where it ends; the next task is not to suffer from it.
      const isWanted = error instanceof PipelineDeletedError;
      const event = isWanted ? 'worker.task_deleted' : 'worker.task_failed';
      const fields = { event, task_id: task.taskId, pipeline_id: task.pipelineId };
      logger.log(isWanted ? 'info' : 'error', `task ${task.taskId}: ${mask(messageOf(error))}`, fields);
    }
  }

  /** What runs may go on: each task finds out by its own beats whether it can. */
  #retire(error: DatabaseUnusableError | RuntimeFailure): void {
    if (this.#unusable.signal.aborted) return;
    this.#unusable.abort(error);
    const { logger, mask } = this.#options;
    logger.log('error', `no more tasks are taken here: ${mask(error.message)}`, { event: 'worker.retired' });
  }

  /** The same reason is logged once; it is kept each time, for another worker may have kept its own. */
  async #passOver(task: QueuedTask, reason: string): Promise<void> {
    const { clock, logger, queue, name } = this.#options;
    const { taskId, pipelineId } = task;
    const isNews = this.#unfit.get(laneOf(task))?.reason !== reason;
    this.#unfit.set(laneOf(task), { task, reason, until: clock.monotonic() + unfitMs });
    if (isNews) {
      const fields = { event: 'worker.unfit', task_id: taskId, pipeline_id: pipelineId };
      logger.log('warn', `task ${taskId} waits, for it can't be run here: ${reason}`, fields);
    }
    // What could not be kept is kept at the next look.
    await queue.keepReason(taskId, `${name}: ${reason}`).catch(() => undefined);
  }

  async #refuse(task: QueuedTask, refusal: Refusal): Promise<void> {
    const reason = this.#options.mask(refusal.reason);
    const fields = { event: 'worker.refused', task_id: task.taskId, pipeline_id: task.pipelineId };
    this.#options.logger.log('error', `pipeline ${task.pipelineId} can't be run by anybody: ${reason}`, fields);
    await this.#options.queue.refuse(task, { ...refusal, reason });
  }

  #setAway(error: unknown): void {
    const { logger, mask } = this.#options;
    const away = error !== null;
    if (away === this.#isAway) return;
    this.#isAway = away;
    const message = away ? `the queue can't be read: ${mask(messageOf(error))}` : 'the queue can be read again';
    logger.log(away ? 'warn' : 'info', message, { event: away ? 'worker.away' : 'worker.back' });
  }

  /** Waits for the next look: where more wait than there was room for, a task that is claimed, or ends, makes room at once. */
  async #rest(heard: number): Promise<void> {
    const { clock, stopping } = this.#options;
    const isFull = this.#isBehind || this.#running.size >= this.#options.concurrency;
    await scoped([stopping, this.#unusable.signal], async (signal) => {
      if (isFull) await this.#news.ringsWithin(heard, { clock, ms: pollMs, signal });
      else await clock.sleep(pollMs, signal).catch(() => undefined);
    });
    this.#outages.slept(pollMs);
  }
}

/** An upgrade in place takes files away that are loaded when they are needed. Node remembers for good that one was not there. */
function isOfReplacedProgram(error: unknown): boolean {
  return (error as { readonly code?: unknown }).code === 'ERR_MODULE_NOT_FOUND';
}

function programReplaced(error: unknown): RuntimeFailure {
  return new RuntimeFailure(`the program was replaced while it ran: ${messageOf(error)}`, {
    cause: error,
    hint: 'start the worker again',
  });
}

function laneOf({ pipelineId, shard }: QueuedTask): string {
  return `${pipelineId}/${shard}`;
}
