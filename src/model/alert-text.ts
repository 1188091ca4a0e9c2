import type { Lang } from '../runtime/lang.js';
import { printable } from '../runtime/printable.js';
import { ageText } from '../texts/age-text.js';
import { textsIn, type Texts } from '../texts/texts.js';
import type { Alert, AlertCondition } from './alert.js';

/** What a text is made of. */
type Told = Omit<AlertCondition, 'message' | 'sinceSeconds'>;

/** What the texts of all rules have in common. */
interface Parts extends Told {
  readonly texts: Texts['alerts'];
  readonly age: string;
  readonly task: string;
  readonly pipeline: string;
  /** A text of the details, empty where it is none. */
  readonly text: (name: string) => string;
  readonly number: (name: string) => number;
}

/** Returns what an alert says where it has been so for so many seconds; null: with `{age}` in place of how long. */
export function alertText(told: Told, seconds: number | null, lang: Lang): string {
  const { details, pipelineId, taskId } = told;
  const { alerts } = textsIn(lang);
  const text = (name: string): string => String(details[name] ?? '');
  const parts: Parts = {
    ...told,
    texts: alerts,
    age: seconds === null ? '{age}' : ageText(Math.max(0, Math.round(seconds)), lang),
    task: String(taskId ?? '?'),
    pipeline: alerts.named(pipelineId, text('name')),
    text,
    number: (name) => Number(details[name] ?? 0),
  };
  // A name that an older version took, or what a server says, turns round no sentence.
  return printable(writers[told.rule](parts));
}

/** Returns what an alert that was stored says by now; one that an older version stored says what it said then. */
export function storedAlertText(alert: Alert, lang: Lang): string {
  return alert.since === null ? alert.message : alertText(alert, alert.sinceSeconds ?? alert.openSeconds, lang);
}

const writers: Readonly<Record<AlertCondition['rule'], (parts: Parts) => string>> = {
  pipeline_down: downText,
  pipeline_stalled: stalledText,
  task_stalled: stalledText,
  rpc_unreachable: ({ texts, age, text }) => {
    const say = text('cause') === 'refuses' ? texts.rpcRefuses : texts.rpc;
    return say(text('endpoints'), age, text('error'), whose(texts, text));
  },
  lag: ({ texts, age, pipeline, number }) => texts.lag(pipeline, number('lag_blocks'), age),
  sink_behind: ({ texts, age, text, number, pipelineId }) =>
    texts.sinkBehind(text('sink'), pipelineId ?? 0, age, number('behind'), text('error')),
  sink_dead_letters: ({ texts, text, number, pipelineId }) =>
    texts.deadLetters(text('sink'), pipelineId ?? 0, number('letters')),
  heartbeat_failing: ({ texts, task, text, number, pipelineId }) =>
    texts.heartbeats(number('failures'), task, pipelineId ?? 0, text('error')),
  timeout_rate: ({ texts, number }) =>
    texts.timeoutRate(number('timed_out'), number('ended'), number('window_minutes')),
  database_unreachable: ({ texts, age, text }) => texts.databaseAway(age, text('error')),
  no_monitor: ({ texts }) => texts.noMonitor,
};

function downText({ texts, age, task, pipeline, text, number }: Parts): string {
  // The reason why a pipeline is suspended may repeat the error of its task.
  const error = text('held').includes(text('error')) ? '' : text('error');
  const causes: Record<string, string> = {
    failed: texts.failed(task, error),
    timeout: texts.timedOut(task),
    not_running: texts.notRunning,
  };
  const failures = number('failures') > 1 ? texts.failures(number('failures')) : '';
  const held = text('held') === '' ? '' : texts.held(text('held'));
  const waits = text('waits_for') === '' ? '' : texts.waits(text('waits_for'));
  return texts.down(pipeline, age, (causes[text('cause')] ?? text('cause')) + failures + held + waits);
}

function stalledText({ texts, age, task, pipeline, text, number }: Parts): string {
  if (number('tasks') > 0) return texts.manySilent(number('tasks'), text('example'));
  const where = text('worker') === '' ? '' : texts.onWorker(text('worker'));
  const say = text('cause') === 'still' ? texts.still : texts.silent;
  const reason = text('error') === '' ? '' : `; ${text('error')}`;
  return say(pipeline, task, where, age) + reason;
}

function whose(texts: Texts['alerts'], text: Parts['text']): string {
  const ids = text('pipelines');
  return texts.ofPipelines(text('chain'), ids === '' ? 0 : ids.split(', ').length, ids);
}
