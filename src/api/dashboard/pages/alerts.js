import { getJson } from '../api-client.js';
import { errorText } from '../dialog.js';
import { h, setText } from '../dom.js';
import { t } from '../language.js';
import { live } from '../live.js';
import { makeAlertList, openAlerts } from '../parts/alert-list.js';
import { section } from '../parts/cell.js';

/** The page of all alerts, also those that are over. */
export function alertsPage({ signal }) {
  let known = null;
  let seen = null;
  const failure = h('p', { class: 'form-error', role: 'alert' });
  const standing = () => new Map(openAlerts().map((alert) => [alert.alert_id, alert]));
  const list = makeAlertList(
    () => {
      const open = standing();
      const over = (known ?? []).filter(({ alert_id: id, state }) => state !== 'open' && !open.has(id));
      return [...open.values(), ...over];
    },
    () => (known === null ? t('loading') : t('alerts.none')),
  );
  async function read() {
    try {
      known = (await getJson('/api/v1/alerts?state=all&limit=200', { signal })).alerts;
      setText(failure, '');
    } catch (error) {
      if (signal.aborted) return;
      known ??= [];
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
      if (live.isComplete && open !== seen) {
        seen = open;
        void read();
      }
      list.update();
    },
  };
}
