import { addSeconds, instantToMs } from '../../model/instant.js';
import { knownSilence, statusText, taskStatus, type Task } from '../../model/task.js';
import { waitingText } from '../../model/waiting.js';
import type { Lang } from '../../runtime/lang.js';
import { isSilentFor, silenceLimit } from '../../runtime/silence.js';
import type { Settings } from '../../settings/settings.js';
import { textsIn, type Texts } from '../../texts/texts.js';
import { ageText } from '../../texts/age-text.js';
import { labelledLine } from './labelled-line.js';
import { heartbeatText, ofShard, progressSummary } from './task-table.js';

/** What holds for tasks that don't say it of themselves. */
type TaskDefaults = Pick<Settings, 'heartbeatIntervalSeconds' | 'taskTimeoutMinutes'>;

/** A line of a description: its label, and what it says; null where there is nothing to say. */
type Line = readonly [label: keyof Texts['tasks']['label'], value: string | null];

/** Describes a task for people, a line each: how it stands, and why it is believed alive or was ended. */
export function describeTask(task: Task, defaults: TaskDefaults, lang: Lang): readonly string[] {
  const reason = task.endReason === null ? '' : ` (${task.endReason})`;
  const { title, label } = textsIn(lang).tasks;
  return [
    `${title} ${task.id}: ${statusText(task.status, lang)}${reason}`,
    ...linesOf(task, defaults, lang).flatMap(([name, value]) =>
      value === null ? [] : [labelledLine(label[name], value)],
    ),
  ];
}

function linesOf(task: Task, defaults: TaskDefaults, lang: Lang): readonly Line[] {
  const { neverBeaten, minutes } = textsIn(lang).tasks;
  return [
    ['pipeline', String(task.pipelineId)],
    ['worker', task.worker],
    ['created', task.createTime],
    ['lastHeartbeat', heartbeatText(task, lang) ?? neverBeaten],
    ['alive', task.status === taskStatus.running ? explainLife(task, defaults, lang) : null],
    ['waitsFor', task.waiting === null ? null : waitingText(task.waiting, lang)],
    ['ended', task.endTime],
    ['why', explainEnd(task, defaults, lang)],
    ['error', task.error],
    ['progress', ofShard(task, task.progress === null ? null : progressSummary(task.progress, lang), lang)],
    ['timeout', minutes(timeoutOf(task, defaults))],
    ['log', task.logPath],
  ];
}

/** In minutes. */
function timeoutOf(task: Task, { taskTimeoutMinutes }: TaskDefaults): number {
  return task.timeoutMinutes ?? taskTimeoutMinutes;
}

/** Says in words whether a running task is believed to be alive, and why. */
function explainLife(task: Task, defaults: TaskDefaults, lang: Lang): string {
  const { life } = textsIn(lang);
  const intervalSeconds = task.heartbeatInterval ?? defaults.heartbeatIntervalSeconds;
  const silentSeconds = knownSilence(task);
  // Another program writes its local time, most likely.
  if (silentSeconds === null && task.silentSeconds < 0) return life.inTheFuture(ageText(-task.silentSeconds, lang));
  if (silentSeconds === null) return life.unknown;
  const sign = signOfLife(task, lang);
  const beat = life.beatsEvery(intervalSeconds);
  if (isSilentFor(silentSeconds, intervalSeconds)) {
    return life.inDoubt(sign, beat, verdictOf(task, timeoutOf(task, defaults), intervalSeconds, lang));
  }
  if (silentSeconds <= Math.ceil(intervalSeconds)) return life.alive(sign, beat);
  return life.late(sign, beat, Math.ceil(silenceLimit(intervalSeconds)));
}

function signOfLife({ lastHeartbeat, silentSeconds }: Task, lang: Lang): string {
  const { life } = textsIn(lang);
  // The column holds whole seconds, and may have been rounded up.
  const age = ageText(Math.max(0, silentSeconds), lang);
  return lastHeartbeat === null ? life.createdAgo(age) : life.heartbeatAgo(age);
}

function verdictOf(task: Task, timeoutMinutes: number, intervalSeconds: number, lang: Lang): string {
  const { life } = textsIn(lang);
  // As the monitor judges: of the whole seconds that an age reads, one may be none.
  const failAfterSeconds = Math.ceil(Math.max(timeoutMinutes * 60, silenceLimit(intervalSeconds)) + 1);
  if (task.silentSeconds >= failAfterSeconds) return life.failsNow;
  return life.failsFrom(addSeconds(task.lastHeartbeat ?? task.createTime ?? '', failAfterSeconds).replace(' ', 'T'));
}

/** Says in words why a task ended; null where it has not ended. */
function explainEnd(task: Task, defaults: TaskDefaults, lang: Lang): string | null {
  const { status, endReason, error } = task;
  if (status !== taskStatus.succeeded && status !== taskStatus.failed) return null;
  const { ends } = textsIn(lang);
  switch (endReason) {
    case null:
      return ends.unknown;
    case 'completed':
      return ends.completed;
    case 'stopped':
      return ends.stopped;
    case 'handed_over':
      return ends.handedOver;
    case 'taken_over':
      return ends.takenOver(error ?? '');
    case 'needs_rewind':
      return ends.needsRewind;
    case 'timeout':
      return explainTimeout(task, timeoutOf(task, defaults), lang);
    default:
      return ends.failed(endReason);
  }
}

function explainTimeout(task: Task, timeoutMinutes: number, lang: Lang): string {
  const { ends } = textsIn(lang);
  const sign = task.lastHeartbeat ?? task.createTime;
  if (sign === null) return ends.failed('timeout');
  const silence = ageText((instantToMs(task.endTime ?? sign) - instantToMs(sign)) / 1_000, lang);
  const monitor = /failed by monitor (.+)$/.exec(task.error ?? '')?.[1] ?? null;
  const said = task.lastHeartbeat === null ? ends.neverBeaten(sign) : ends.lastHeartbeatAt(sign);
  return ends.timeout(monitor, silence, timeoutMinutes, said);
}
