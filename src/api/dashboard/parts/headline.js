import { h, keyedList, setText } from '../dom.js';
import { formatNumber, formatRate, t } from '../language.js';
import { live } from '../live.js';
import { currentRate, taskLevel } from '../task-state.js';

/** Makes the sentence that says how things are, and the numbers below it. */
export function makeHeadline() {
  const sentence = h('h1', { class: 'sentence' });
  const facts = h('dl', { class: 'facts-line' });
  const list = keyedList(facts, ({ key }) => key, makeFact);
  return {
    node: h('div', { class: 'headline' }, sentence, facts),
    update() {
      const running = live.all('task').filter((task) => task.status_name === 'running');
      const { level, text } = describe(running);
      sentence.dataset.level = level;
      setText(sentence, live.isComplete ? text : `${t('loading')} …`);
      list.show(factsOf(running));
    },
  };
}

function describe(running) {
  const count = (level) => running.filter((task) => taskLevel(task) === level).length;
  const [silent, overdue] = [count('silent'), count('overdue')];
  const total = Math.max(live.get('system')?.running ?? 0, running.length);
  if (overdue > 0) return { level: 'overdue', text: t('head.overdue', { n: overdue }) };
  if (silent > 0) return { level: 'silent', text: t('head.silent', { n: silent, running: total }) };
  const down = downCount();
  if (down > 0) return { level: 'failed', text: t('head.down', { n: down }) };
  const isTrouble = (live.get('system')?.open_alerts ?? 0) > 0;
  if (total === 0) return { level: isTrouble ? 'silent' : 'none', text: t(isTrouble ? 'head.idle' : 'head.nothing') };
  if (isTrouble) return { level: 'silent', text: t('head.trouble', { n: total }) };
  return { level: 'running', text: t('head.alive', { n: total }) };
}

/** Pipelines that failed, or should run and do not, as the server's checks have them. */
function downCount() {
  const check = live.get('system')?.checks?.find(({ name }) => name === 'pipelines');
  return check?.values?.n ?? 0;
}

function factsOf(running) {
  const system = live.get('system');
  const rates = live.all('rates').map(currentRate);
  const following = running.filter(({ progress }) => progress?.mode === 'realtime');
  const lags = following.map(({ progress }) => progress.lag_blocks ?? 0);
  const unknown = following.find(({ lag_unknown_since: since }) => since);
  const shown = (value) => (value === undefined || value === null ? '–' : formatNumber(value));
  const alerts = system?.open_alerts ?? 0;
  return [
    { key: 'running', text: shown(system === null ? null : Math.max(system.running, running.length)) },
    { key: 'queued', text: shown(system?.queued), level: system?.queued > 0 ? 'silent' : '' },
    {
      key: 'rate',
      text: rates.every((rate) => rate === null) ? '–' : formatRate(rates.reduce((a, b) => a + (b ?? 0), 0)),
    },
    unknown === undefined
      ? { key: 'lag', text: lags.length === 0 ? '–' : formatNumber(Math.max(...lags)) }
      : { key: 'lag', text: t('state.unknown'), level: 'silent' },
    { key: 'ended', text: shown(system?.ended_in_hour) },
    { key: 'timedOut', text: shown(system?.timed_out_in_hour), level: system?.timed_out_in_hour > 0 ? 'failed' : '' },
    { key: 'alerts', text: shown(system?.open_alerts), level: alerts > 0 ? 'silent' : '' },
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
