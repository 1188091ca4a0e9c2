import { postJson } from '../api-client.js';
import { act } from '../dialog.js';
import { h, keyedList, setText } from '../dom.js';
import { formatAge, formatInstant, hasText, t } from '../language.js';
import { live } from '../live.js';
import { taskPath } from '../router.js';
import { alertText } from './server-texts.js';

/** Makes a list of alerts; `read` returns those to show. Of more that stand it says how many there are. */
export function makeAlertList(read, noneText) {
  const rows = h('ul', { class: 'alerts' });
  const none = h('p', { class: 'none' }, noneText());
  const list = keyedList(rows, ({ alert_id: id }) => id, makeRow);
  return {
    node: h('div', {}, rows, none),
    update() {
      const alerts = read();
      list.show(alerts);
      setText(none, alerts.length === 0 ? noneText() : moreText(alerts));
      none.hidden = none.textContent === '';
    },
  };
}

/** Returns what is said where no alert is shown: that none stands only where that is known. */
export function noAlertText() {
  if (!live.isCurrent && live.state !== 'connecting') return t('state.unknown');
  return live.isComplete ? t('alerts.none') : t('loading');
}

/** Returns the alerts that stand, newest first. */
export function openAlerts() {
  return live.all('alert').sort((a, b) => b.alert_id - a.alert_id);
}

/** Returns in a few words what an alert is about. */
export function alertTitle({ rule, subject, details }) {
  if (rule === 'rpc_unreachable') return t('alert.node', { chain: details.chain });
  return `${ruleText(rule)} (${subject})`;
}

function ruleText(rule) {
  const key = `alert.rule.${rule}`;
  return hasText(key) ? t(key) : rule;
}

function moreText(alerts) {
  const n = alerts.filter(({ state }) => state === 'open').length;
  const total = live.get('system')?.open_alerts ?? 0;
  return total > n ? t('alerts.more', { n, total }) : '';
}

function makeRow(alert) {
  const title = h('strong', {}, ruleText(alert.rule));
  const message = h('span', { class: 'alert-message' });
  const when = h('span', { class: 'muted' });
  const clear = h(
    'button',
    { class: 'button button-small', type: 'button', dataset: { changes: 'alert' } },
    t('alert.clear'),
  );
  const mute = h(
    'button',
    { class: 'button button-small', type: 'button', dataset: { changes: 'alert' } },
    t('alert.mute'),
  );
  mute.addEventListener('click', () => act(mute, () => muteAlert(alert, mute)));
  clear.addEventListener('click', () => act(clear, () => clearAlert(alert, clear)));
  const subject =
    alert.task_id === null
      ? null
      : h('a', { href: taskPath(alert.task_id) }, t('task.title', { id: String(alert.task_id) }));
  const node = h(
    'li',
    { class: 'alert' },
    h('div', { class: 'alert-head' }, title, subject, when),
    message,
    h('div', { class: 'alert-actions' }, mute, clear),
  );
  return {
    node,
    update(current) {
      const isOpen = current.state === 'open';
      node.dataset.state = current.state;
      node.dataset.severity = current.severity;
      clear.hidden = !isOpen;
      mute.hidden = !isOpen || current.muted;
      setText(message, alertText(current));
      setText(when, whenText(current, isOpen) + mutedText(current));
    },
  };
}

function whenText(alert, isOpen) {
  const passed = alert.readAt === undefined ? 0 : (performance.now() - alert.readAt) / 1000;
  if (isOpen) return t('alerts.open', { age: formatAge(alert.since_seconds + passed) });
  return `${formatInstant(alert.create_time)}, ${t('alerts.cleared', { age: formatAge(alert.open_seconds) })}`;
}

function mutedText({ muted_until: until }) {
  return until ? `, ${t('alert.muted', { until: formatInstant(until) })}` : '';
}

const muteSeconds = 3600;

async function muteAlert(alert, button) {
  await postJson('/api/v1/alerts/mutes', { alert_id: alert.alert_id, seconds: muteSeconds });
  button.hidden = true;
}

async function clearAlert(alert, button) {
  await postJson(`/api/v1/alerts/${alert.alert_id}/clear`);
  button.hidden = true;
}
