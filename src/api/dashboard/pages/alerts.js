import { getJson } from '../api-client.js';
import { errorText } from '../dialog.js';
import { h, setText } from '../dom.js';
import { t } from '../language.js';
import { live } from '../live.js';
import { makeAlertList, noAlertText, openAlerts } from '../parts/alert-list.js';
import { section } from '../parts/cell.js';

const againMs = 3_000;

/** The page of all alerts, also those that are over. */
export function alertsPage({ signal }) {
  let known = null;
  let seen = null;
  let failedAt = null;
  const failure = h('p', { class: 'form-error', role: 'alert' });
  const standing = () => new Map(openAlerts().map((alert) => [alert.alert_id, alert]));
  const list = makeAlertList(
    () => {
      const open = standing();
      const over = (known ?? []).filter(({ alert_id: id, state }) => state !== 'open' && !open.has(id));
      return [...open.values(), ...over];
    },
    () => (failedAt !== null ? '' : known === null ? t('loading') : noAlertText()),
  );
  async function read() {
    try {
      known = (await getJson('/api/v1/alerts?state=all&limit=200', { signal })).alerts;
      failedAt = null;
      setText(failure, '');
    } catch (error) {
      if (signal.aborted) return;
      failedAt = performance.now();
      setText(failure, errorText(error));
    }
    list.update();
  }
  return {
    node: h(
      'div',
      { class: 'single' },
      h('h1', { class: 'page-title' }, t('alerts.title')),
      section('history', t('alerts.history'), {}, failure, list.node),
    ),
    title: t('alerts.title'),
    update() {
      const open = [...standing().keys()].join(' ');
      const isAgain = failedAt !== null && live.isCurrent && performance.now() - failedAt > againMs;
      if (live.isComplete && (open !== seen || isAgain)) {
        seen = open;
        void read();
      }
      list.update();
    },
  };
}
