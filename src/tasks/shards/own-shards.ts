import type { Source } from '../../components/seam/source.js';
import type { Database } from '../../database/database.js';
import { probeDatabase } from '../../database/tasks/database-probe.js';
import { ShardStore } from '../../database/events/shard-store.js';
import { FenceError } from '../../database/script.js';
import type { Replaced } from '../../database/task-steps/end-replaced.js';
import type { TaskStore } from '../../database/tasks/task-store.js';
import { beginsElsewhere, type RunRequest } from '../../model/run-request.js';
import { isRead, type HistoryCut, type Shard } from '../../model/shard.js';
import { taskStatus, type Progress, type Task } from '../../model/task.js';
import { restartWaitSeconds } from '../../model/wanted.js';
import type { NextStretch, ShardsAhead } from '../../pipeline/execute-pipeline.js';
import type { Lease } from '../../pipeline/lease.js';
import type { Start } from '../../pipeline/start.js';
import type { Clock } from '../../runtime/clock.js';
import { DatabaseUnreachableError, LeaseHeldError } from '../../runtime/errors.js';
import type { Logger } from '../../runtime/logger.js';
import { Scope, scoped } from '../../runtime/scope.js';
import { OutageWatch } from '../monitor/outage-watch.js';
import { judgeHolder, type ClaimOptions } from '../lease/claim-task.js';

export interface OwnShardsOptions extends Pick<
  ClaimOptions,
  'pipelineId' | 'worker' | 'heartbeatIntervalSeconds' | 'outages'
> {
  readonly database: Database;
  readonly tasks: TaskStore;
  readonly chainId: number;
  /** Tells which definition the shards must be read by. */
  readonly fingerprint: string;
  readonly source: Source;
  readonly lease: Lease;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly stopping: AbortSignal;
  readonly signal: AbortSignal;
}

/** Between two looks at a shard that is waited for, in milliseconds. */
const waitMs = 200;
/** How long a shard is waited for before that is told, in milliseconds. */
const quietMs = 10_000;
/** Between two looks whether each shard is read by somebody, in milliseconds. */
const keepMs = 2_000;

/** Why a shard's task ended, and when the next one follows. */
interface Failed {
  readonly taskId: number;
  readonly version: number;
  readonly failures: number;
  /** By the monotonic clock. */
  readonly until: number;
}

/**
 * The shards of a pipeline, as the run of its own task sees them: it cuts its history, sees to it that each shard is read,
 * and joins them in order. A shard that nobody reads when its turn has come is joined as far as it is, and the rest of it is
 * this run's to read: so nothing waits for a worker that is not there.
 */
export class OwnShards implements ShardsAhead {
  readonly #options: OwnShardsOptions;
  readonly #store: ShardStore;
  readonly #failed = new Map<number, Failed>();
  /** Knows whether the silence of those who read them means anything. */
  readonly #outages: OutageWatch;
  #isKept = false;
  /** Ends the pause between two looks; most pipelines have no shards, and look after none. */
  #left: Scope | null = null;

  constructor(options: OwnShardsOptions) {
    this.#options = options;
    this.#store = new ShardStore(options.database, options.worker);
    const { clock, heartbeatIntervalSeconds } = options;
    this.#outages =
      options.outages ?? new OutageWatch({ clock, heartbeatIntervalMs: heartbeatIntervalSeconds * 1_000 });
  }

  /** Says what follows the checkpoint. Throws LeaseLostError. */
  async next(start: Start, run: RunRequest, progress: Progress): Promise<NextStretch> {
    try {
      const shards = await this.#store.list(this.#options.pipelineId);
      this.#isKept &&= shards.length > 0;
      if (shards.length === 0) return await this.#cut(start, run);
      const reason = this.#misfit(shards, start, run);
      if (reason !== null) return await this.#giveUp(reason, progress);
      const [first = null] = shards;
      this.#keep();
      if (first === null || start.checkpoint.blockNumber !== first.after.number) return readUpTo(shards);
      return await this.#join(first, start, progress);
    } catch (error) {
      if (!(error instanceof FenceError) && !(error instanceof DatabaseUnreachableError)) throw error;
      // One that was not at work before knows of this failure alone.
      this.#outages.another().failed(error);
      await this.#options.lease.recover(error, this.#options.signal);
      return { kind: 'again' };
    }
  }

  /** Gives the shards up, where there are any. Throws LeaseLostError. */
  async drop(progress: Progress): Promise<void> {
    const { lease, signal } = this.#options;
    for (;;) {
      try {
        await this.#takeAway(progress);
        return;
      } catch (error) {
        if (!(error instanceof FenceError) && !(error instanceof DatabaseUnreachableError)) throw error;
        await lease.recover(error, signal);
      }
    }
  }

  /** The run is over: nobody looks after its shards any more. */
  close(): void {
    this.#isKept = false;
    this.#left?.end();
  }

  /** Sees to it that each shard is read: queues a task where none waits or lives, later where the one before failed. */
  async #look(outages: OutageWatch): Promise<void> {
    const { database, pipelineId, heartbeatIntervalSeconds, lease, clock } = this.#options;
    outages.probeAnswered(await probeDatabase(database));
    for (const shard of await this.#store.listIdle(pipelineId, heartbeatIntervalSeconds)) {
      const { until } = await this.#lastEnd(shard, outages);
      if (until <= clock.monotonic()) await this.#store.queue(shard, lease.taskId, heartbeatIntervalSeconds);
    }
  }

  /** Whoever is silent has not ended, as long as nobody knows what silence means. */
  async #lastEnd(shard: Shard, outages: OutageWatch): Promise<Pick<Failed, 'until'>> {
    const { tasks, pipelineId, clock, heartbeatIntervalSeconds } = this.#options;
    const task = await tasks.getNewest(pipelineId, shard.number);
    outages.did('looking for who reads the shards');
    const isKnown = outages.isSilenceKnownOf(task?.heartbeatInterval ?? heartbeatIntervalSeconds);
    if (task?.status === taskStatus.running && !isKnown) return { until: Infinity };
    if (task?.status !== taskStatus.failed) return { until: -Infinity };
    const before = this.#failed.get(shard.number);
    if (before?.taskId === task.id) return before;
    const failures = before?.version === shard.version ? before.failures + 1 : 1;
    const until = clock.monotonic() + restartWaitSeconds(failures) * 1_000;
    const failed = { taskId: task.id, version: shard.version, failures, until };
    this.#failed.set(shard.number, failed);
    return failed;
  }

  async #cut(start: Start, run: RunRequest): Promise<NextStretch> {
    const { chainId, fingerprint, pipelineId, lease, logger } = this.#options;
    const cut = await this.#askForCut(start, run);
    if (cut === null) return whatever;
    const { fromBlock, stretches } = cut;
    if (start.newestStoredBlock >= fromBlock) {
      const message = `blocks from ${fromBlock} on are stored already: they are read again by this task alone, not in shards`;
      logger.log('info', message, { event: 'shards.none', pipeline_id: pipelineId });
      return whatever;
    }
    const guard = { pipelineId, taskId: lease.taskId, version: start.checkpoint.version };
    await this.#store.cut(guard, { chainId, definition: fingerprint, stretches });
    const shards = await this.#store.list(pipelineId);
    const message = `the history is cut: blocks ${fromBlock} to ${String(shards.at(-1)?.toBlock)} are read in ${shards.length + 1} shards`;
    logger.log('info', message, { event: 'shards.cut', pipeline_id: pipelineId, shards: shards.length + 1 });
    this.#keep();
    return shards.length === 0 ? { kind: 'again' } : readUpTo(shards);
  }

  /** Returns how the history is to be cut; null where it is not, or where the run shall end: a question that this drops has not failed. */
  async #askForCut({ checkpoint }: Start, run: RunRequest): Promise<HistoryCut | null> {
    const { source, logger, clock, signal, stopping } = this.#options;
    try {
      const context = { run, checkpoint, logger, clock };
      const cut = await scoped([signal, stopping], async (over) => source.cut?.({ ...context, signal: over }));
      return stopping.aborted ? null : (cut ?? null);
    } catch (error) {
      if (!stopping.aborted || error !== stopping.reason) throw error;
      signal.throwIfAborted();
      return null;
    }
  }

  /** Returns why shards can't be gone on with; null where they can. */
  #misfit(shards: readonly Shard[], { checkpoint }: Start, run: RunRequest): string | null {
    const { fingerprint, chainId } = this.#options;
    const [first] = shards;
    const last = shards.at(-1);
    if (first === undefined || last === undefined) return null;
    if (shards.some(({ isDropped }) => isDropped)) return 'they had been given up';
    if (shards.some((each) => each.definition !== fingerprint || each.chainId !== chainId))
      return 'the definition has changed';
    if (beginsElsewhere(run)) return 'this run begins elsewhere';
    if (run.toBlock !== undefined && run.toBlock < last.toBlock) return 'this run ends before them';
    const { blockNumber, blockHash, version } = checkpoint;
    const isBelow = (blockNumber ?? -1) <= first.after.number && version < first.added - 1;
    if (!isBelow || (blockNumber === first.after.number && blockHash !== first.after.hash))
      return 'they do not follow what has been read';
    return null;
  }

  async #giveUp(reason: string, progress: Progress): Promise<NextStretch> {
    const { pipelineId, logger } = this.#options;
    const message = `what shards have read is given up, and read again: ${reason}`;
    logger.log('warn', message, { event: 'shards.dropped', pipeline_id: pipelineId });
    await this.#takeAway(progress);
    return { kind: 'again' };
  }

  /** Many rows take long: who takes them away is not hung. */
  async #takeAway(progress: Progress): Promise<void> {
    const { pipelineId, lease, signal } = this.#options;
    await this.#store.drop(pipelineId, lease.taskId, () => lease.moved(progress, signal));
  }

  /** Waits for whoever reads the shard. */
  async #join(first: Shard, start: Start, progress: Progress): Promise<NextStretch> {
    const { pipelineId, lease, clock, logger, stopping, signal } = this.#options;
    const outages = this.#outages.another();
    let tellsAt = clock.monotonic() + quietMs;
    while (!stopping.aborted) {
      const shard = await this.#store.find(pipelineId, first.number);
      if (shard === null) return { kind: 'again' };
      const { isHeld, replaces, task } = await this.#holderOf(shard, outages);
      if (task?.endReason === 'needs_rewind')
        return await this.#giveUp(task.error ?? 'the chain has replaced blocks', progress);
      if (isRead(shard) || !isHeld) {
        const guard = { pipelineId, taskId: lease.taskId, version: start.checkpoint.version };
        const since = clock.monotonic();
        await this.#store.join({ guard, shard, replaces, progress });
        const durationMs = clock.monotonic() - since;
        const to = shard.block.number;
        const message = isRead(shard)
          ? `shard ${shard.number} has joined: blocks up to ${to} are read`
          : `nobody reads shard ${shard.number}: it has joined up to block ${to}, and is read on by this task`;
        logger.log('info', message, {
          event: 'shards.joined',
          pipeline_id: pipelineId,
          shard: shard.number,
          block: to,
        });
        return { kind: 'joined', nextBlock: to + 1, events: shard.events, durationMs };
      }
      if (clock.monotonic() >= tellsAt) {
        this.#tellWait(shard);
        tellsAt = Infinity;
      }
      // Whoever waits for a living task is not hung.
      await lease.moved(progress, signal);
      outages.did('a heartbeat');
      await scoped([stopping, signal], (over) => clock.sleep(waitMs, over)).catch(() => undefined);
      signal.throwIfAborted();
      outages.slept(waitMs);
    }
    return { kind: 'again' };
  }

  #tellWait({ number, taskId, block, toBlock }: Shard): void {
    const { pipelineId, logger } = this.#options;
    const message = `waiting for shard ${number}, which task ${String(taskId)} reads: it has come to block ${block.number} of ${toBlock}`;
    logger.log('info', message, { event: 'shards.waits', pipeline_id: pipelineId, shard: number, block: block.number });
  }

  async #holderOf(
    shard: Shard,
    outages: OutageWatch,
  ): Promise<{ isHeld: boolean; replaces: Replaced | null; task: Task | null }> {
    const { tasks } = this.#options;
    const task = shard.taskId === null ? null : await tasks.get(shard.taskId);
    outages.did('looking for who reads a shard');
    // Who has read it all may end as it likes.
    if (task?.status !== taskStatus.running || isRead(shard)) return { isHeld: false, replaces: null, task };
    try {
      return { isHeld: false, replaces: judgeHolder(task, { ...this.#options, outages }), task };
    } catch (error) {
      if (!(error instanceof LeaseHeldError)) throw error;
      return { isHeld: true, replaces: null, task };
    }
  }

  /** Beside the reading, until nothing is left to join, or the run ends. */
  #keep(): void {
    if (this.#isKept) return;
    this.#isKept = true;
    void this.#keepOn();
  }

  async #keepOn(): Promise<void> {
    const { clock, stopping, signal } = this.#options;
    const keeping = (this.#left = new Scope(stopping, signal));
    const outages = this.#outages.another();
    while (this.#isKept && !keeping.signal.aborted) {
      // Where the database is away it is not the time to queue anything.
      await this.#look(outages).catch((error: unknown) => outages.failed(error));
      await clock.sleep(keepMs, keeping.signal).catch(() => undefined);
      outages.slept(keepMs);
    }
    keeping.release();
  }
}

const whatever: NextStretch = { kind: 'read', upTo: null, target: null };

function readUpTo(shards: readonly Shard[]): NextStretch {
  return { kind: 'read', upTo: shards[0]?.after.number ?? null, target: shards.at(-1)?.toBlock ?? null };
}
