import { hasText, t } from '../language.js';

/** Returns what a check of the server says of it, in the language that is shown. */
export function checkText({ name, kind, values, detail }) {
  return textOr(detail, `check.is.${name}.${kind}`, values);
}

/** What the server says that a queued task waits for, and the keys under which this page says the same. */
const waits = [
  [/^a worker: none is alive/, 'wait.noWorker'],
  [/^task (?<task>\d+) to end/, 'wait.turn'],
  [/^a worker that can run it: (?<reason>.*)$/, 'wait.unfit'],
  [/^a free worker/, 'wait.full'],
  [/^a worker, which begins/, 'wait.soon'],
];

/** Returns what a queued task waits for, in the language that is shown. */
export function waitText({ waiting_for: reason }) {
  if (!reason) return t('wait.begin');
  const known = waits.find(([pattern]) => pattern.test(reason));
  if (known === undefined) return t('wait.for', { reason });
  return t(known[1], known[0].exec(reason).groups);
}

/** What tells alerts of one rule from each other. */
const distinct = ['still_seconds', 'silent_seconds', 'tasks'];

/** Returns what an alert says, in the language that is shown. */
export function alertText({ rule, details, message, task_id: task, pipeline_id: pipeline }) {
  const kind = distinct.find((name) => name in details);
  const values = { ...details, task: String(task), pipeline: String(pipeline) };
  return textOr(message, `alert.is.${kind === undefined ? rule : `${rule}.${kind}`}`, values);
}

/** What this page does not know is said as the server says it, in English. */
function textOr(english, key, values) {
  return hasText(key) ? t(key, values) : english;
}
