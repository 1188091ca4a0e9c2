import { instantToMs } from '../../model/instant.js';
import { hasEnded, knownSilence, taskStatus, type Task } from '../../model/task.js';
import { waitingText } from '../../model/waiting.js';
import type { Wanted } from '../../model/wanted.js';
import { isSilentFor, silenceLimit } from '../../runtime/silence.js';
import type { Down } from './alert-conditions.js';

/** What is known of a pipeline when it is judged. */
export interface PipelineFacts {
  readonly id: number;
  readonly name: string;
  readonly disabled: boolean;
  /** The task that stands for it: one that lives, else its newest; null: it has none. */
  readonly task: Task | null;
  /** Null: it was never started. */
  readonly wanted: Wanted | null;
}

/**
 * How a pipeline is. `failing`: its last run failed and none has begun since, which is shown as down, and raises nothing while
 * another may come soon; `over`: what was wrong with it is over, by a beat at that time where it works; `unsure`: it may be on
 * its way, which raises nothing and ends nothing.
 */
export type PipelineVerdict =
  | { readonly kind: 'down' | 'failing'; readonly down: Down }
  | { readonly kind: 'over'; readonly how: string; readonly beatAt: string | null }
  | { readonly kind: 'unsure' };

/** By what it is judged. */
export interface VerdictOptions {
  /** The database's clock. */
  readonly now: string;
  /** Of tasks that name no heartbeat interval. */
  readonly defaultIntervalSeconds: number;
}

const unsure: PipelineVerdict = { kind: 'unsure' };

/** How long a task lives that does not fail at once, in seconds. */
const provenSeconds = 60;

/** Judges a pipeline: the end of a task makes nothing good that was wrong. */
export function judgePipeline(facts: PipelineFacts, options: VerdictOptions): PipelineVerdict {
  const { task, wanted, disabled } = facts;
  if (task?.status === taskStatus.running)
    return isUnproven(task, facts, options) ? unsure : judgeRunning(task, options);
  if (disabled) return over('is disabled');
  if (wanted?.state === 'started') return judgeStarted(task, wanted, options);
  if (wanted !== null && task?.status !== taskStatus.succeeded && wasStopped(task, wanted)) return over('is stopped');
  if (task === null) return over('is not run');
  if (task.status === taskStatus.failed) return { kind: 'down', down: failedDown(task, null, options.now) };
  // What was delivered says nothing of whether its pipeline reads again.
  return task.status === taskStatus.succeeded && task.deliversOnly !== true ? over(endingOf(task)) : unsure;
}

/** Says whether a person wants it not to run, and nobody does: what its last run could not do is left at that. */
export function isStopped({ task, wanted, disabled }: PipelineFacts): boolean {
  if (task?.status === taskStatus.running) return false;
  return disabled || (wanted?.state === 'stopped' && wasStopped(task, wanted));
}

/** A run works once it has asked its chain, and beats; that of a pipeline that was down may fail again before it does. */
function judgeRunning(task: Task, { defaultIntervalSeconds }: VerdictOptions): PipelineVerdict {
  const isSilent = isSilentFor(task.silentSeconds, task.heartbeatInterval ?? defaultIntervalSeconds);
  if (isSilent || knownSilence(task) === null || task.lastHeartbeat === null) return unsure;
  if ((task.progress?.headBlock ?? null) === null) return unsure;
  return { kind: 'over', how: `works again: task ${task.id} runs`, beatAt: task.lastHeartbeat };
}

/** Another try may fail as those before it did: it works once it has committed something, or lived for a while. */
function isUnproven({ createTime }: Task, { wanted }: PipelineFacts, { now }: VerdictOptions): boolean {
  if (wanted?.state !== 'started' || wanted.failures === 0 || wanted.hasCommitted) return false;
  return secondsSince(createTime, now) < provenSeconds;
}

/**
 * Whoever shall run and does not gets three of its beats, from when it is due, to be taken up again, unless it waits for a
 * person; one that fell silent had them before it was failed.
 */
function judgeStarted(task: Task | null, wanted: Wanted, options: VerdictOptions): PipelineVerdict {
  if (waitsForItsTime(task, wanted, options.now)) {
    if (task === null) return over('waits for its time');
    return task.deliversOnly === true ? unsure : over(endingOf(task));
  }
  const down =
    task?.status === taskStatus.failed ? failedDown(task, wanted, options.now) : idleDown(task, wanted, options);
  const graceSeconds = silenceLimit(task?.heartbeatInterval ?? options.defaultIntervalSeconds);
  const isLate = down.cause === 'timeout' || down.sinceSeconds > graceSeconds;
  if (wanted.heldReason !== null || isLate) return { kind: 'down', down };
  return hasFailedLast(task, wanted) ? { kind: 'failing', down } : unsure;
}

/** A task that waits to be another try mends nothing; one that follows a run that was handed over may be behind one that worked. */
function hasFailedLast(task: Task | null, { failures, hasCommitted }: Wanted): boolean {
  if (task?.status === taskStatus.failed) return true;
  return task?.status === taskStatus.queued && failures > 0 && !hasCommitted;
}

/** What is run again and again does not run in between; a run that failed leaves it down until one works, a delivery does not. */
function waitsForItsTime(task: Task | null, { nextStart, heldReason }: Wanted, now: string): boolean {
  if (nextStart === null || heldReason !== null || nextStart <= now) return false;
  return task === null || task.status === taskStatus.succeeded || task.deliversOnly === true;
}

/** Somebody stopped it after its task had ended, at a time that older programs don't write; where workers gave it up they have judged that task. */
function wasStopped(task: Task | null, { since, judgedTaskId }: Wanted): boolean {
  if (task === null) return true;
  return hasEnded(task) && since >= (task.endTime ?? '') && judgedTaskId !== task.id;
}

function failedDown(task: Task, wanted: Wanted | null, now: string): Down {
  return {
    taskId: task.id,
    cause: task.endReason === 'timeout' ? 'timeout' : 'failed',
    error: errorText(task),
    ...troubleOf(wanted, task),
    sinceSeconds: secondsSince(task.endTime, now),
  };
}

function idleDown(task: Task | null, wanted: Wanted, { now }: VerdictOptions): Down {
  const ended = task?.status === taskStatus.queued ? task.createTime : task?.endTime;
  const since = [wanted.since, ended ?? '', wanted.nextStart ?? ''].sort().at(-1);
  return {
    taskId: task?.id ?? null,
    cause: 'not_running',
    error: '',
    ...troubleOf(wanted, task),
    sinceSeconds: secondsSince(since ?? null, now),
  };
}

function troubleOf(wanted: Wanted | null, task: Task | null): Pick<Down, 'failures' | 'held' | 'waitsFor'> {
  const waiting = task?.waiting ?? null;
  return {
    failures: wanted?.failures ?? 0,
    held: wanted?.heldReason ?? null,
    waitsFor: waiting === null ? (wanted?.waitingFor ?? null) : waitingText(waiting, 'en'),
  };
}

function over(how: string): PipelineVerdict {
  return { kind: 'over', how, beatAt: null };
}

function endingOf({ id, endReason }: Task): string {
  return endReason === 'stopped' || endReason === 'cancelled'
    ? `is stopped: task ${id}`
    : `works again: task ${id} succeeded`;
}

/** Characters of an error that an alert tells; the task has the rest. */
const longestError = 300;

function errorText({ error, endReason }: Task): string {
  const [line = ''] = (error ?? endReason ?? 'it does not say why').split('\n');
  return line.slice(0, longestError);
}

function secondsSince(instant: string | null, now: string): number {
  return instant === null || instant === ''
    ? 0
    : Math.max(0, Math.round((instantToMs(now) - instantToMs(instant)) / 1_000));
}
