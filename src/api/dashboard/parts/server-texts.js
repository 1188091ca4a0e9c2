import { formatAge, hasText, currentLanguage, t } from '../language.js';

/** Returns what a check of the server says of it, in the language that is shown. */
export function checkText({ name, kind, values, detail }) {
  if (kind === 'unread') return t('check.unread');
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

/** Returns what an alert says, in the language that is shown; of one that stands, with how long it has been so by now. */
export function alertText({ message, message_zh: chinese, since_seconds: since, readAt }) {
  const passed = readAt === undefined ? 0 : (performance.now() - readAt) / 1000;
  const text = currentLanguage() === 'zh' ? (chinese ?? message) : message;
  return text.replace('{age}', formatAge((since ?? 0) + passed));
}

/** What this page does not know is said as the server says it, in English. */
function textOr(english, key, values) {
  return hasText(key) ? t(key, values) : english;
}
