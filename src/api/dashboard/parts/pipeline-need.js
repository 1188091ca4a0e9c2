import { formatInstant, t } from '../language.js';
import { live } from '../live.js';
import { alertText, waitText } from './server-texts.js';
import { lagUnknownSince, silenceText, taskLevel } from '../task-state.js';

/** What a pipeline may need, the most urgent first. */
const needs = ['down', 'silent', 'behind', 'trouble', 'waiting', 'fine', 'none'];

/** Which alert tells of which need. */
const needOfRule = {
  pipeline_down: 'down',
  pipeline_stalled: 'silent',
  lag: 'behind',
  rpc_unreachable: 'trouble',
  heartbeat_failing: 'trouble',
  sink_behind: 'trouble',
  sink_dead_letters: 'trouble',
};

/** Returns what a pipeline needs now, how urgent that is (0: most), and why in words; the reason is null where all is well. */
export function needOf(pipeline, task) {
  const need = [...alertNeeds(pipeline), ownNeed(pipeline, task)].sort((a, b) => rank(a) - rank(b))[0];
  return { ...need, rank: rank(need) };
}

function rank({ need }) {
  return needs.indexOf(need);
}

function alertNeeds({ pipeline_id: id }) {
  const own = live.all('alert').filter((alert) => alert.pipeline_id === id && alert.rule in needOfRule);
  return own.map((alert) => ({ need: needOfRule[alert.rule], reason: alertText(alert) }));
}

/** What is so by the rows themselves, before any alert tells of it. */
function ownNeed({ wanted, disabled }, task) {
  const level = taskLevel(task);
  if (level === 'silent' || level === 'overdue') return { need: 'silent', reason: null };
  if (level === 'unknown') return { need: 'silent', reason: doubtText(task) };
  if (level === 'running') {
    const since = lagUnknownSince(task);
    if (since === null) return codeNeed(task);
    // Of its nodes others tell; of its commits it tells itself.
    const key = (task.progress?.lag_unknown_since ?? null) === null ? 'need.lagUnknown' : 'need.uncommitted';
    return { need: 'behind', reason: t(key, { time: formatInstant(since) }) };
  }
  if (level === 'queued') return { need: 'waiting', reason: waitText(task) };
  if (disabled) return none;
  if (wanted?.scheduled && wanted.held_reason === null) {
    return { need: 'none', reason: t('need.scheduled', { time: formatInstant(wanted.next_start) }) };
  }
  if (wanted?.state === 'started') return { need: 'down', reason: downText(wanted, task) };
  return level === 'failed' || level === 'timeout' ? { need: 'down', reason: task.error } : none;
}

function codeNeed({ progress }) {
  const addresses = progress?.without_code ?? [];
  if (addresses.length === 0) return fine;
  return { need: 'trouble', reason: t('need.withoutCode', { addresses: addresses.join(', ') }) };
}

function doubtText(task) {
  if ((task.last_heartbeat ?? task.create_time) === null) return t('need.beatUnknown');
  return t('need.beatAhead', { age: silenceText(task) });
}

const fine = { need: 'fine', reason: null };
const none = { need: 'none', reason: null };

function downText({ held_reason: held, next_start: next, failures }, task) {
  if (held !== null) return t('need.held', { reason: held });
  const error = task?.error ?? null;
  const again = next === null ? t('need.soon') : t('need.again', { time: formatInstant(next), n: failures });
  return error === null ? again : `${again} ${error}`;
}
