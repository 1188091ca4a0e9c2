import { h, keyedList, setText } from '../dom.js';
import { formatNumber, formatRate, formatTimeOfDay, t } from '../language.js';
import { live } from '../live.js';
import { currentRate, lagUnknownSince, taskLevel } from '../task-state.js';
import { alertTitle, openAlerts } from './alert-list.js';
import { withNeed } from './pipeline-list.js';
import { lagDoubts } from './system-checks.js';

/** Makes the sentence that says how things are, and the numbers below it. */
export function makeHeadline() {
  const sentence = h('h1', { class: 'sentence' });
  const facts = h('dl', { class: 'facts-line' });
  const list = keyedList(facts, ({ key }) => key, makeFact);
  return {
    node: h('div', { class: 'headline' }, sentence, facts),
    update() {
      const running = live.all('task').filter((task) => task.status_name === 'running');
      const { level, text } = isUnknown() ? { level: 'none', text: t('head.unknown') } : describe(running);
      sentence.dataset.level = level;
      setText(sentence, text);
      list.show(factsOf(running));
    },
  };
}

/** Before anything was told nothing is wrong yet. */
function isUnknown() {
  return !live.isCurrent && live.state !== 'connecting';
}

function describe(running) {
  if (!live.isComplete) return { level: 'none', text: `${t('loading')} …` };
  const total = runningTotal(running);
  // Of very many tasks the server tells a part; its checks count them all.
  const isPart = total > running.length;
  const count = (...levels) => running.filter((task) => levels.includes(taskLevel(task))).length;
  const overdue = count('overdue');
  const silent = Math.max(count('silent', 'overdue'), isPart ? numberOf('silence', 'silent') : 0);
  if (overdue > 0 && !isPart) return { level: 'overdue', text: t('head.overdue', { n: overdue }) };
  if (silent > 0) {
    return { level: overdue > 0 ? 'overdue' : 'silent', text: t('head.silent', { n: silent, running: total }) };
  }
  const down = numberOf('pipelines', 'down');
  if (down > 0) return { level: 'failed', text: t('head.down', { n: down }) };
  const unknown = Math.max(count('unknown'), isPart ? numberOf('silence', 'unknown') : 0);
  if (unknown > 0) return { level: 'silent', text: t('head.doubt', { n: unknown, running: total }) };
  const open = live.get('system').open_alerts;
  const idle = total === 0 ? t('head.nothing') : null;
  if (open > 0) return { level: 'silent', text: `${troubleText(open)} ${idle ?? healthText()}`.trim() };
  if (total === 0) return { level: 'none', text: idle };
  if (lagOf(running).level !== undefined) return { level: 'silent', text: `${t('head.lag')} ${healthText()}`.trim() };
  return { level: 'running', text: t('head.alive', { n: total }) };
}

/** Returns how many alerts are open, and what the oldest of them is about. */
function troubleText(n) {
  const oldest = openAlerts().at(-1);
  if (oldest === undefined) return t('head.alerts', { n });
  return t('head.trouble', { n, what: alertTitle(oldest), time: formatTimeOfDay(oldest.since) });
}

/** Returns how many of the pipelines that should run are healthy; nothing if the server does not list them all. */
function healthText() {
  const pipelines = live.all('pipeline');
  if (pipelines.length < (live.get('system')?.pipelines ?? 0)) return '';
  const needs = pipelines.map((pipeline) => withNeed(pipeline).need.need).filter((need) => need !== 'none');
  const healthy = needs.filter((need) => need === 'fine').length;
  return needs.length === 0 ? '' : t('head.healthy', { healthy, n: needs.length });
}

function runningTotal(running) {
  return Math.max(live.get('system')?.running ?? 0, running.length);
}

/** Returns the number in a check of the server's, where it says something of this kind; else 0. */
function numberOf(name, kind) {
  const check = live.get('system')?.checks.find((each) => each.name === name);
  return check?.kind === kind ? check.values.n : 0;
}

/** Returns the largest lag, in words; a run that has never reached its node has none. */
function lagOf(running) {
  const following = running.filter(({ progress }) => progress?.mode !== 'historical');
  const isPart = runningTotal(running) > running.length;
  const checks = live.get('system')?.checks ?? [];
  const isUnknown =
    following.some((task) => lagUnknownSince(task) !== null || isAboveHead(task)) ||
    (isPart && checks.some(({ name, kind }) => name === 'lag' && ['unknown', ...lagDoubts].includes(kind)));
  if (isUnknown) return { text: t('state.unknown'), level: 'silent' };
  const lags = following.flatMap(({ progress }) => progress?.lag_blocks ?? []);
  if (isPart) lags.push(numberOf('lag', 'behind'));
  return { text: lags.length === 0 ? '–' : formatNumber(Math.max(...lags)) };
}

/** Says whether the head of its node is so far below what it has read that it tells nothing. */
function isAboveHead({ progress }) {
  return (progress?.head_block ?? null) !== null && progress.next_block !== null && progress.lag_blocks === null;
}

function factsOf(running) {
  const system = live.get('system');
  const rates = live.all('rates').map(currentRate);
  const shown = (value) => (value === undefined || value === null ? '–' : formatNumber(value));
  return [
    { key: 'running', text: live.isComplete ? formatNumber(runningTotal(running)) : '–' },
    { key: 'queued', text: shown(system?.queued), level: system?.queued > 0 ? 'silent' : '' },
    {
      key: 'rate',
      text: rates.every((rate) => rate === null) ? '–' : formatRate(rates.reduce((a, b) => a + (b ?? 0), 0)),
    },
    { key: 'lag', ...lagOf(running) },
    { key: 'ended', text: shown(system?.ended_in_hour) },
    { key: 'timedOut', text: shown(system?.timed_out_in_hour), level: system?.timed_out_in_hour > 0 ? 'failed' : '' },
    { key: 'alerts', text: shown(system?.open_alerts), level: system?.open_alerts > 0 ? 'silent' : '' },
  ];
}

function makeFact({ key }) {
  const value = h('dd', {});
  const node = h('div', { class: 'fact' }, h('dt', {}, t(`fact.${key}`)), value);
  return {
    node,
    update({ text, level = '' }) {
      node.dataset.level = level;
      setText(value, text);
    },
  };
}
