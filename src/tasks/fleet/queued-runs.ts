import type { Asked, QueuedTask, TaskQueue } from '../../database/tasks/task-queue.js';
import { ShardStore } from '../../database/events/shard-store.js';
import type { Shard } from '../../model/shard.js';
import type { Task } from '../../model/task.js';
import { Bell } from '../../runtime/bell.js';
import { LeaseHeldError, LeaseLostError, NeedsRewindError, NotFoundError, UsageError } from '../../runtime/errors.js';
import { OpenedRun } from '../run/opened-run.js';
import type { PipelineRuns } from '../run/pipeline-runs.js';
import { prepareRun, type PreparedRun } from '../run/prepare-run.js';
import type { RunHost } from '../host/run-host.js';
import type { TaskResult } from '../run/task-options.js';
import { endInTurns } from './end-in-turns.js';
import { refusalOf } from './refusal-of.js';
import type { HeldRun } from './surplus.js';
import type { QueuedOutcome } from './queue-worker.js';

export interface QueuedRunsOptions {
  readonly host: RunHost;
  readonly queue: Pick<TaskQueue, 'asked'>;
  readonly runs: PipelineRuns;
  /** Takes what a run has done, and how long it took in milliseconds. */
  readonly tell: (result: TaskResult, durationMs: number) => Promise<void>;
}

/** Runs tasks of the queue in this process. */
export class QueuedRuns {
  readonly #options: QueuedRunsOptions;
  readonly #held = new Set<HeldRun>();
  /** Each ends one run soon. */
  readonly #moving = new Set<AbortController>();
  /** Rings when one has ended. */
  readonly #ends = new Bell();

  constructor(options: QueuedRunsOptions) {
    this.#options = options;
    const { stopping, clock } = options.host;
    const parts = { clock, runs: this.#moving, ends: this.#ends };
    // One listener for all: a signal of each run that follows two others would take as much again.
    const stop = (): void => void endInTurns({ ...parts, reason: stopping.reason });
    stopping.addEventListener('abort', stop, { once: true });
  }

  /** The tasks that run here. */
  get held(): readonly HeldRun[] {
    return [...this.#held];
  }

  /** Runs a task, and says when it is claimed; throws what it failed with once it was claimed. */
  async run(task: QueuedTask, claimed: () => void): Promise<QueuedOutcome> {
    const { host, queue } = this.#options;
    // Read first: whoever changes the definition later finds that the claim is refused.
    const asked = await queue.asked(task.taskId);
    const prepared = await this.#prepare(task, asked);
    if ('unfit' in prepared || 'refused' in prepared) return prepared;
    // Claimed now, it would end at once, and wait no more.
    if (host.stopping.aborted) return 'taken';
    if (task.shard === 0) return this.#execute({ ...task, asked }, prepared, claimed);
    const shards = new ShardStore(host.database);
    const shard = await shards.find(task.pipelineId, task.shard);
    if (shard === null) {
      await shards.endQueued(task.pipelineId, task.shard);
      return 'taken';
    }
    if (shard.definition !== prepared.source.fingerprint()) return { unfit: otherDefinition };
    return this.#execute({ ...task, asked }, prepared, claimed, shard);
  }

  /** What is refused must be known by name: a person may just have mended it. */
  async #prepare(
    { pipelineId, shard }: QueuedTask,
    { request, definition }: Asked,
  ): Promise<PreparedRun | Exclude<QueuedOutcome, string>> {
    try {
      // What follows the head reads history in its shards, or where a person asks for that, and may need no node for it.
      return await prepareRun(this.#options.host, pipelineId, shard > 0 ? 'historical' : request.mode);
    } catch (error) {
      if (error instanceof UsageError || error instanceof NotFoundError) return { unfit: error.message };
      const reason = refusalOf(error);
      if (reason === null) throw error;
      return { refused: { reason, definition } };
    }
  }

  async #execute(
    { taskId, asked }: QueuedTask & { readonly asked: Asked },
    prepared: PreparedRun,
    claimed: () => void,
    shard?: Shard,
  ): Promise<QueuedOutcome> {
    const { host, runs, tell } = this.#options;
    const opened = new OpenedRun(host);
    const since = host.clock.monotonic();
    const moving = new AbortController();
    this.#moving.add(moving);
    const held = heldRun(prepared, since, moving);
    let begun = null as Task | null;
    const onBegin = (task: Task): void => {
      begun = task;
      this.#held.add(held);
      claimed();
    };
    try {
      if (host.stopping.aborted) moving.abort(host.stopping.reason);
      const { request } = asked;
      const order = { request, asked, queuedTaskId: taskId, shard, handsOver: true, stopping: moving.signal, onBegin };
      const result = await runs.run(prepared, order, opened);
      await tell(result, host.clock.monotonic() - since);
      return 'ran';
    } catch (error) {
      if (begun !== null) throw error;
      if (error instanceof LeaseHeldError || error instanceof LeaseLostError) return 'taken';
      if (error instanceof NeedsRewindError) return { unfit: error.message };
      throw error;
    } finally {
      this.#held.delete(held);
      this.#moving.delete(moving);
      this.#ends.ring();
      await opened.close();
    }
  }
}

const otherDefinition =
  "the definition has changed since its history was cut: the pipeline's own run gives its shards up";

function heldRun({ pipeline, source, urls }: PreparedRun, since: number, moving: AbortController): HeldRun {
  return {
    pipelineId: pipeline.id,
    chain: urls.length === 0 ? null : source.chain.name,
    since,
    handOver: () => moving.abort(new Error('handed over')),
  };
}
