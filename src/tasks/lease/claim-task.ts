import type { CheckpointStore } from '../../database/events/checkpoint-store.js';
import type { Replaced } from '../../database/task-steps/end-replaced.js';
import { FenceError } from '../../database/script.js';
import type { Asked } from '../../database/tasks/task-queue.js';
import type { TaskStore } from '../../database/tasks/task-store.js';
import type { Checkpoint } from '../../model/checkpoint.js';
import type { Shard } from '../../model/shard.js';
import { isSilentFor, silenceLimit } from '../../runtime/silence.js';
import { resolveStart } from '../../model/start-block.js';
import type { StartQuestion } from '../../model/start-block.js';
import type { Holder, Task } from '../../model/task.js';
import { isHeldBy, statusText, taskStatus } from '../../model/task.js';
import { DatabaseUnreachableError, LeaseHeldError } from '../../runtime/errors.js';
import type { Logger } from '../../runtime/logger.js';
import { statusChanged, writeLine } from '../../texts/log-lines.js';
import type { Lang } from '../../runtime/lang.js';
import type { OutageWatch } from '../monitor/outage-watch.js';
import { parkedBy, parkedError } from './parked.js';
import { untilAnswered, type AnswerOptions } from './until-answered.js';

/** This process, as other processes can recognise it. */
export interface Claimant extends Holder {
  /** Says whether a process that ran on this host is gone; false where that can't be known. */
  isGone(name: string, identity: string | null): boolean;
}

export interface ClaimOptions extends AnswerOptions {
  readonly pipelineId: number;
  readonly worker: Claimant;
  readonly timeoutMinutes: number | null;
  readonly logPathPrefix: string;
  /** Take the lease whoever holds it. */
  readonly takeOver: boolean;
  /** Knows whether silence means anything; left out: it does. */
  readonly outages?: OutageWatch | undefined;
  /** The task that has waited and begins now; left out: a new one is made. */
  readonly queuedTaskId?: number | undefined;
  /** What it is run with, and by which definition, as they were read; left out: whatever they are by then. */
  readonly asked?: Asked | undefined;
  /** What the task reads of the pipeline's history; left out: it is the pipeline's own task. */
  readonly shard?: Shard | undefined;
  /** The pipeline has sinks, which must be told of what is taken away. */
  readonly keepsRemoved?: boolean | undefined;
  /** Claims together what is claimed at one time; left out: each by itself. */
  readonly claims?: Pick<TaskStore, 'claim'> | undefined;
  /** Where the run shall begin; a parked pipeline can only be run from elsewhere. */
  readonly run?: StartQuestion['run'];
}

export interface ClaimedTask {
  readonly taskId: number;
  /** The task that had held the pipeline and was ended, if any. */
  readonly replaced: Task | null;
}

/** Races with other claims end quickly, for each has a winner. */
const attempts = 10;

/**
 * Makes a new task the holder of a pipeline, or of a shard of it. Throws LeaseHeldError where another task holds it and is
 * alive, or a task that waits is not as it was found any more; LeaseLostError where the shard is no more;
 * DatabaseUnreachableError where the database can't be reached. A claim whose answer was lost is looked up first, for nobody
 * else would run what this process is said to hold.
 */
export async function claimTask(
  tasks: TaskStore,
  checkpoints: Pick<CheckpointStore, 'get'>,
  options: ClaimOptions,
): Promise<ClaimedTask> {
  const shard = options.shard?.number;
  for (let attempt = 1; ; attempt++) {
    const checkpoint = await checkpoints.get(options.pipelineId);
    const { taskId: holder } = checkpoint;
    const newest = await tasks.getNewest(options.pipelineId, shard);
    if (shard === undefined) refuseParked(newest, checkpoint, options.run ?? {});
    const replaced = newest?.status === taskStatus.running ? newest : null;
    const replaces = replaced === null ? null : judgeHolder(replaced, options);
    try {
      const { name, identity } = options.worker;
      const request = { ...options, shard, holder, replaces, worker: name, workerIdentity: identity };
      const taskId = await (options.claims ?? tasks).claim(request);
      return { taskId, replaced };
    } catch (error) {
      if (error instanceof DatabaseUnreachableError) {
        const landed = await untilAnswered(options, error, () => findLanded(tasks, options, newest));
        if (landed === null) throw error;
        return { taskId: landed, replaced };
      }
      // Somebody else claimed it, or the old task gave a sign of life: what was judged is no longer so.
      if (!(error instanceof FenceError) || attempt >= attempts) throw error;
      await refuseTaken(tasks, options.queuedTaskId);
    }
  }
}

/** Returns the task that a claim made whose answer was lost; null: it made none. `seen`: the newest before it. */
async function findLanded(
  tasks: Pick<TaskStore, 'get' | 'getNewest'>,
  { pipelineId, shard, queuedTaskId, worker }: ClaimOptions,
  seen: Task | null,
): Promise<number | null> {
  const newest =
    queuedTaskId === undefined ? await tasks.getNewest(pipelineId, shard?.number) : await tasks.get(queuedTaskId);
  if (newest === null || newest.status !== taskStatus.running || !isHeldBy(newest, worker)) return null;
  return queuedTaskId !== undefined || newest.id !== seen?.id ? newest.id : null;
}

/**
 * Throws LeaseHeldError for a task that has waited: another worker runs it, a person has stopped it, or it is to be run with
 * something else than what was read. It is found again where it still waits.
 */
async function refuseTaken(tasks: TaskStore, queuedTaskId: number | undefined): Promise<void> {
  if (queuedTaskId === undefined) return;
  const { status } = await tasks.get(queuedTaskId);
  const why = status === taskStatus.queued ? 'is not as it was found any more' : 'waits no more';
  throw new LeaseHeldError(`task ${queuedTaskId} ${why}: it is ${statusText(status, 'en')}`);
}

/** Throws NeedsRewindError where a run would go on behind rows that must be taken back first. */
function refuseParked(newest: Task | null, checkpoint: Checkpoint, run: StartQuestion['run']): void {
  const parked = parkedBy(newest, checkpoint);
  // A checkpoint alone decides whether a run goes on behind it.
  const goesOn = resolveStart({ run, config: { startBlock: null }, mode: 'realtime', checkpoint }).resumes;
  if (parked !== null && goesOn) throw parkedError(checkpoint.pipelineId, parked);
}

/** Decides on which grounds a running task may be replaced; throws LeaseHeldError where there are none. */
export function judgeHolder(
  task: Task,
  options: Pick<ClaimOptions, 'worker' | 'heartbeatIntervalSeconds'> &
    Partial<Pick<ClaimOptions, 'takeOver' | 'outages'>>,
): Replaced {
  const by = `taken over by ${options.worker.name}`;
  if (options.takeOver === true) return { taskId: task.id, silentForSeconds: null, reason: `${by} (--take-over)` };
  if (task.worker !== null && options.worker.isGone(task.worker, task.workerIdentity)) {
    return { taskId: task.id, silentForSeconds: null, reason: `${by}: the process ${task.worker} is gone` };
  }
  const intervalSeconds = task.heartbeatInterval ?? options.heartbeatIntervalSeconds;
  const isSilenceKnown = options.outages?.isSilenceKnownOf(intervalSeconds) ?? true;
  if (isSilenceKnown && isSilentFor(task.silentSeconds, intervalSeconds)) {
    return {
      taskId: task.id,
      silentForSeconds: silenceLimit(intervalSeconds),
      reason: `${by} after ${task.silentSeconds} s of silence`,
    };
  }
  throw new LeaseHeldError(describeHolder(task), {
    hint: `wait until it is done, stop it with 'chainparse tasks cancel ${task.id}'${options.takeOver === undefined ? '' : ', or run with --take-over'}`,
  });
}

function describeHolder(task: Task): string {
  const where = task.worker === null ? '' : ` on ${task.worker}`;
  return `pipeline ${task.pipelineId} is held by task ${task.id}${where}, running since ${task.createTime ?? 'an unknown time'}, ${describeBeat(task)}`;
}

function describeBeat({ heartbeatAgeSeconds: age }: Task): string {
  if (age === null) return 'no heartbeat yet';
  return age < 0 ? `last heartbeat ${-age} s ahead of the database's clock` : `last heartbeat ${age} s ago`;
}

/** Tells which task has begun, and which it replaced. */
export function tellClaim(
  { pipelineId, shard, worker, queuedTaskId, lang }: ClaimOptions & { readonly lang: Lang },
  { taskId, replaced }: ClaimedTask,
  logger: Logger,
): void {
  if (replaced !== null) {
    const change = { taskId: replaced.id, pipelineId, from: 'running', to: 'failed', reason: 'taken_over' };
    writeLine(logger, statusChanged(lang, change));
  }
  if (queuedTaskId !== undefined)
    writeLine(logger, statusChanged(lang, { taskId, pipelineId, from: 'queued', to: 'running' }));
  const fields = { event: 'task.started', task_id: taskId, pipeline_id: pipelineId };
  const what =
    shard === undefined ? `runs pipeline ${pipelineId}` : `reads shard ${shard.number} of pipeline ${pipelineId}`;
  logger.log('info', `task ${taskId} ${what} on ${worker.name}`, fields);
}
