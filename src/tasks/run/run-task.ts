import { BatchStore } from '../../database/events/batch-store.js';
import { CheckpointStore } from '../../database/events/checkpoint-store.js';
import { ShardStore } from '../../database/events/shard-store.js';
import { ShardRows } from '../../database/events/shard-rows.js';
import { StoredBlocks } from '../../database/events/stored-blocks.js';
import { TaskStore, type TaskOutcome } from '../../database/tasks/task-store.js';
import type { RunRequest } from '../../model/run-request.js';
import type { Progress } from '../../model/task.js';
import type { SinkWish } from '../../model/sink.js';
import { statusName, taskStatus } from '../../model/task.js';
import { DatabaseSetBackError, KnownCommits } from '../../pipeline/known-commits.js';
import { holdMsOf } from '../../pipeline/hold-empty.js';
import { whenReachable } from '../../pipeline/lease.js';
import { executePipeline, type CommitSeen } from '../../pipeline/execute-pipeline.js';
import { ChainparseError, LeaseLostError, NeedsRewindError, messageOf } from '../../runtime/errors.js';
import { statusChanged, writeLine } from '../../texts/log-lines.js';
import { finishTask, type FinishParts } from './finish-task.js';
import { giveUpLater } from '../../runtime/give-up-later.js';
import { scoped } from '../../runtime/scope.js';
import { BeatRounds } from './beat-rounds.js';
import { claimTask, tellClaim } from '../lease/claim-task.js';
import { untilAnswered } from '../lease/until-answered.js';
import { Heartbeat } from './heartbeat.js';
import { explainLoss } from './lost-lease.js';
import type { LivenessEvent } from '../../model/liveness-event.js';
import { parkingError } from '../lease/parked.js';
import type { DeliveryNews, WithoutTask } from '../outbox/delivery-news.js';
import type { OwnShards } from '../shards/own-shards.js';
import type { Outbox } from '../outbox/outbox.js';
import type { BegunRun, TaskOptions, TaskResult } from './task-options.js';

/** How often a run that waits for a block tells at least, before it would count as hung, that it does; and how rarely, in milliseconds. */
const tellsPerStall = 8;
const longestQuietMs = 5_000;

/** How long a call that must be dropped may take to notice, in milliseconds. */
const lingerMs = 1_000;

/**
 * Runs a pipeline as one task: claims it, executes, and ends the task exactly once. Throws LeaseHeldError where it can't
 * be had, LeaseLostError where it was lost; any other failure ends the task as failed and is thrown as it is.
 */
export async function runTask(options: TaskOptions): Promise<TaskResult> {
  const { database, shard, worker } = options;
  const tasks = new TaskStore(database, worker);
  const checkpoints = shard === undefined ? new CheckpointStore(database) : new ShardRows(database, shard, worker);
  const claimed = await claimTask(tasks, checkpoints, options);
  const begun = await begin(options, tasks, claimed.taskId);
  const { logger } = begun;
  tellClaim(options, claimed, logger);
  const { pipelineId, lang, clock } = options;
  const heartbeat = new Heartbeat({
    ...{ pipelineId, lang, clock, logger },
    shard: shard?.number,
    observe: options.observe ?? ((): void => undefined),
    taskId: claimed.taskId,
    rounds: options.rounds ?? new BeatRounds({ tasks, clock }),
    intervalMs: options.heartbeatIntervalSeconds * 1000,
    stallAfterMs: options.stallAfterSeconds * 1000,
    onDoubt: () => run.show(),
  });
  const run = new TaskRun(options, { tasks, checkpoints, heartbeat, ...begun });
  return run.run();
}

/** A task that can't begin has ended: its row must not look alive until a monitor finds it silent. */
async function begin(options: TaskOptions, tasks: TaskStore, taskId: number): ReturnType<TaskOptions['begin']> {
  try {
    return await options.begin(await tasks.get(taskId));
  } catch (error) {
    const outcome = { status: taskStatus.failed, endReason: reasonOf(error), error: options.mask(messageOf(error)) };
    // What went wrong first is what the user must hear of.
    await untilAnswered(options, error as Error, () => tasks.finish(taskId, outcome, null)).catch(() => false);
    throw error;
  }
}

/** What happens in a run. */
type TaskNews =
  | WithoutTask<Extract<LivenessEvent, { kind: 'began' | 'committed' | 'taken_back' | 'progressed' | 'ended' }>>
  | DeliveryNews;

interface TaskRunParts extends BegunRun {
  readonly tasks: TaskStore;
  /** Those of the pipeline, or the only one of the shard that is read. */
  readonly checkpoints: CheckpointStore | ShardRows;
  readonly heartbeat: Heartbeat;
}

/** One claimed task from its first turn to its end. */
class TaskRun {
  readonly #options: TaskOptions;
  readonly #parts: TaskRunParts;
  #progress: Progress;
  readonly #known = new KnownCommits();
  #hasCommitted = false;
  /** What people wanted of the sinks when all of it was done; null: it has none, or is not so far. */
  #heard: readonly SinkWish[] | null = null;

  constructor(options: TaskOptions, parts: TaskRunParts) {
    this.#options = options;
    this.#parts = parts;
    this.#progress = { mode: options.mode, nextBlock: null, targetBlock: null, headBlock: null, events: 0 };
  }

  /** Executes the pipeline and ends the task exactly once; throws what `runTask` throws. */
  async run(): Promise<TaskResult> {
    const done = new AbortController();
    this.#tell({ kind: 'began' });
    // Not awaited: a beat that a frozen server holds must not hold up the end.
    void this.#parts.heartbeat.tick(done.signal).finally(() => this.#tell({ kind: 'ended' }));
    try {
      return await this.#executeAndFinish();
    } catch (error) {
      if (error instanceof LeaseLostError) return await this.#lost(error);
      throw error;
    } finally {
      done.abort();
    }
  }

  async #executeAndFinish(): Promise<TaskResult> {
    try {
      await this.#execute();
    } catch (error) {
      if (error instanceof LeaseLostError) throw error;
      // What a stop has cut short is no failure.
      if (!this.#isStopped() || !this.#options.signal.aborted) await this.#fail(error);
    }
    const endReason = this.#isStopped() ? (this.#options.handsOver ? 'handed_over' : 'stopped') : 'completed';
    const result = await this.#finish({ status: taskStatus.succeeded, endReason, error: null });
    if (endReason === 'stopped') await this.#stopShards();
    return result;
  }

  /** Nobody wants any more what they read ahead; what could not be told them they find out when they are done. */
  async #stopShards(): Promise<void> {
    const { database, pipelineId, shard } = this.#options;
    if (shard === undefined) await new ShardStore(database).stop(pipelineId).catch(() => undefined);
  }

  async #fail(error: unknown): Promise<never> {
    const { pipelineId, mask } = this.#options;
    const failure = error instanceof NeedsRewindError ? parkingError(pipelineId, error) : error;
    await this.#finish({
      status: taskStatus.failed,
      endReason: reasonOf(failure),
      error: mask(messageOf(failure)),
      ...(failure instanceof NeedsRewindError ? { keepsBlock: failure.keeps } : {}),
    });
    throw failure;
  }

  #isStopped(): boolean {
    return this.#options.stopping.aborted;
  }

  /** Once calls in the air must be dropped, a commit that a frozen server holds is not waited for either. */
  async #execute(): Promise<void> {
    const { clock, signal } = this.#options;
    await scoped([signal, this.#parts.heartbeat.lost], (over) => {
      const reason = (): Error => over.reason as Error;
      return giveUpLater({ clock, after: over, delayMs: lingerMs, reason }, () => this.#executeAndDeliver(over));
    });
  }

  async #executeAndDeliver(signal: AbortSignal): Promise<void> {
    const { deliverOnly = false, mode, toBlock } = this.#options.run;
    let run = this.#options.run;
    for (;;) {
      let setBack: DatabaseSetBackError | null = null;
      const outbox = await this.#openOutbox(signal);
      try {
        await outbox?.start();
        if (!deliverOnly) await this.#executePipeline(signal, run, outbox);
        if (outbox === null || this.#isStopped()) return;
        const isDone = await this.#drain(outbox, !deliverOnly, signal);
        this.#heard = outbox.heard;
        // What was read may be gone since.
        await this.#readKnown(signal);
        if (isDone || deliverOnly) return;
        run = { mode, toBlock };
      } catch (error) {
        // What is known of commits that are gone would have sinks skip what takes their place: all begin anew.
        if (!(error instanceof DatabaseSetBackError)) throw error;
        setBack = error;
      } finally {
        await outbox?.end();
      }
      if (setBack === null) continue;
      await this.#goOnFrom(setBack, outbox?.newestVersion ?? 0, signal);
      this.#hasCommitted &&= !setBack.isBehindBegin;
      run = setBack.isBehindBegin ? this.#options.run : { mode, toBlock };
    }
  }

  async #readKnown(signal: AbortSignal): Promise<void> {
    const { heartbeat: lease, checkpoints } = this.#parts;
    this.#known.read(await whenReachable(lease, signal, () => checkpoints.get(this.#options.pipelineId)));
  }

  /** Once nobody delivers what was known before; `told`: the newest version that sinks may have been told of. */
  async #goOnFrom({ message, gone }: DatabaseSetBackError, told: number, signal: AbortSignal): Promise<void> {
    const { heartbeat: lease, logger, checkpoints } = this.#parts;
    logger.log('warn', message, { event: 'database.set_back' });
    this.#known.forget();
    if (checkpoints instanceof ShardRows) return;
    const leap = { ...gone, version: Math.max(gone.version, told), taskId: lease.taskId };
    await whenReachable(lease, signal, () => checkpoints.leap(leap));
  }

  /** Returns false where the chain has replaced what sinks wait for: a run takes that back, and reads it anew. */
  async #drain(outbox: Outbox, readsAnew: boolean, signal: AbortSignal): Promise<boolean> {
    const isDone = await outbox.drain(() => this.#parts.heartbeat.moved(this.#progress, signal), readsAnew);
    const then = readsAnew ? 'they are taken back, and read anew' : 'the next run takes them back, and reads them anew';
    const message = `the chain has replaced blocks that sinks wait for: ${then}`;
    if (!isDone) this.#parts.logger.log('warn', message, { event: 'sinks.replaced' });
    return isDone;
  }

  async #openOutbox(signal: AbortSignal): Promise<Outbox | null> {
    const { delivery, source, heartbeat: lease, logger, checkpoints } = this.#parts;
    if (delivery === undefined) return null;
    const { pipelineId } = this.#options;
    const ask = source.finalized?.bind(source);
    const finalized = ask && (async (dropped: AbortSignal) => ask(await checkpoints.recentBlocks(pipelineId), dropped));
    const observe = (news: DeliveryNews): void => this.#tell(news);
    // Most pipelines deliver nothing.
    const { Outbox } = await import('../outbox/outbox.js');
    return new Outbox({ ...this.#options, ...delivery, lease, logger, finalized, signal, observe });
  }

  async #executePipeline(signal: AbortSignal, run: RunRequest, outbox: Outbox | null): Promise<void> {
    const { options, parts } = { options: this.#options, parts: this.#parts };
    const { checkpoints } = parts;
    const { pipelineId, chainId, mode, clock, stopping, database, worker } = options;
    const shards = await this.#openShards(signal);
    const { events, joined } = this.#progress;
    const stored = { events, ...(joined === undefined ? {} : { joined }) };
    await executePipeline({
      ...{ pipelineId, chainId, run, mode, clock, stopping, shards, before: stored },
      known: this.#known,
      source: parts.source,
      lease: parts.heartbeat,
      batches: checkpoints instanceof ShardRows ? checkpoints : new BatchStore(database, worker),
      checkpoints,
      storedBlocks: new StoredBlocks(database),
      logger: parts.logger,
      onProgress: (progress) => this.#progressed(progress),
      onCommit: async (commit) => {
        this.#hasCommitted ||= commit.kind === 'events' || commit.kind === 'rollback';
        this.#committed(commit);
        await outbox?.committed(commit.appended);
      },
      quietMs: Math.min(longestQuietMs, (options.stallAfterSeconds * 1_000) / tellsPerStall),
      onFinalized: (block) => outbox?.finalizedAt(block),
      holdMs: () => holdMsOf(options.rounds?.size ?? 1, clock.monotonic()),
      signal,
    }).finally(() => shards?.close());
  }

  /** Most pipelines have none: what they need is loaded where there may be some. */
  async #openShards(signal: AbortSignal): Promise<OwnShards | undefined> {
    const { options, parts } = { options: this.#options, parts: this.#parts };
    const { fingerprint, shard, database, chainId, clock, stopping } = options;
    if (fingerprint === undefined || shard !== undefined) return undefined;
    const { OwnShards } = await import('../shards/own-shards.js');
    const { tasks, source, heartbeat: lease, logger } = parts;
    const { pipelineId, worker, heartbeatIntervalSeconds, outages } = options;
    const own = { pipelineId, worker, heartbeatIntervalSeconds, outages, database, chainId, clock, stopping };
    return new OwnShards({ ...own, fingerprint, tasks, source, lease, logger, signal });
  }

  #progressed(progress: Progress): void {
    this.#progress = progress;
    this.show();
  }

  /** How far a shard is says nothing of how far its pipeline is. */
  show(): void {
    const { heartbeat } = this.#parts;
    const progress = heartbeat.shown(this.#progress);
    if (this.#options.shard === undefined) this.#tell({ kind: 'progressed', progress });
    this.#options.onProgress(progress, () => heartbeat.beatAt);
  }

  #committed({ kind, events, durationMs }: CommitSeen): void {
    this.#tell(kind === 'rollback' ? { kind: 'taken_back', durationMs } : { kind: 'committed', events, durationMs });
  }

  #tell(event: TaskNews): void {
    const { options, parts } = { options: this.#options, parts: this.#parts };
    options.observe?.({ ...event, taskId: parts.heartbeat.taskId, pipelineId: options.pipelineId });
  }

  async #finish(outcome: TaskOutcome): Promise<TaskResult> {
    const { tasks, heartbeat, logger } = this.#parts;
    const delivered = this.#delivered(outcome);
    const parts = { ...this.#options, tasks, heartbeat, successor: this.#successor(outcome), delivered };
    const task = await finishTask(parts, outcome, heartbeat.shown(this.#progress));
    const { pipelineId, lang } = this.#options;
    const change = { taskId: task.id, pipelineId, from: 'running', to: statusName(outcome.status) };
    writeLine(logger, statusChanged(lang, { ...change, reason: outcome.endReason }));
    return { task, progress: this.#progress };
  }

  /** Where this task has committed, the next one goes on behind its checkpoint, not from where this one was to begin. */
  #successor({ endReason }: TaskOutcome): FinishParts['successor'] {
    if (endReason !== 'handed_over') return undefined;
    const { pipelineId, run, shard } = this.#options;
    if (shard !== undefined) return { pipelineId, shard: shard.number, request: {} };
    return { pipelineId, request: this.#hasCommitted ? { mode: run.mode, toBlock: run.toBlock } : run };
  }

  #delivered({ endReason }: TaskOutcome): FinishParts['delivered'] {
    if (endReason !== 'completed' || this.#heard === null) return undefined;
    return { pipelineId: this.#options.pipelineId, heard: this.#heard };
  }

  /** A task that a person cancelled, or whose shard is read, has ended as it should; any other loss is an error that says who has the lease. */
  async #lost(error: LeaseLostError): Promise<TaskResult> {
    const { tasks, heartbeat, logger } = this.#parts;
    const { database, pipelineId, worker, lang } = this.#options;
    const lost = { tasks, database, pipelineId, taskId: heartbeat.taskId, worker };
    const { task, byPerson } = await explainLoss(error, lost);
    if (byPerson === null)
      return await this.#finish({ status: taskStatus.succeeded, endReason: 'completed', error: null });
    const change = { taskId: task.id, pipelineId, from: 'running', to: statusName(task.status) };
    writeLine(logger, statusChanged(lang, { ...change, reason: task.endReason }));
    logger.log('info', `task ${task.id} was ${byPerson}`, {
      event: `task.${byPerson.replace(' ', '_')}`,
      task_id: task.id,
      pipeline_id: pipelineId,
    });
    return { task, progress: this.#progress };
  }
}

/** Returns what a task's end is called that an error made. */
function reasonOf(error: unknown): string {
  return error instanceof ChainparseError ? error.code.toLowerCase() : 'error';
}
