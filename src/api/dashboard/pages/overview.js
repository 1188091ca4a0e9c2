import { h } from '../dom.js';
import { t } from '../language.js';
import { makeAlertList, noAlertText, openAlerts } from '../parts/alert-list.js';
import { section } from '../parts/cell.js';
import { makeEndpointList } from '../parts/endpoint-list.js';
import { makeHeadline } from '../parts/headline.js';
import { makePipelineList } from '../parts/pipeline-list.js';
import { makeRunningList } from '../parts/running-list.js';
import { makeSystemChecks } from '../parts/system-checks.js';
import { makeTimeline } from '../parts/timeline.js';

const mostAlerts = 50;

/** The page that tells at a glance what lives, hangs or fell silent. */
export function overviewPage({ signal }) {
  const alerts = makeAlertList(() => openAlerts().slice(0, mostAlerts), noAlertText);
  const checks = makeSystemChecks();
  const endpoints = makeEndpointList();
  const [pipelines, running, timeline] = [makePipelineList(), makeRunningList(), makeTimeline(signal)];
  const headline = makeHeadline();
  const all = h('a', { class: 'panel-link', href: '#/alerts' }, t('alerts.all'));
  const node = h(
    'div',
    { class: 'overview' },
    headline.node,
    h(
      'div',
      { class: 'columns' },
      h('div', { class: 'column' }, pipelines.node, running.node),
      h(
        'div',
        { class: 'column column-side' },
        section('alerts', t('alerts.title'), { extra: 'urgent' }, alerts.node, all),
        section('system', t('system.title'), { extra: 'urgent' }, checks.node),
        section('endpoints', t('endpoints.title'), {}, endpoints.node),
      ),
    ),
    timeline.node,
  );
  return {
    node,
    title: t('nav.overview'),
    update() {
      // The sentence comes last: time passes meanwhile, and it must never say better than what stands below it.
      for (const part of [pipelines, running, timeline, alerts, checks, endpoints, headline]) part.update();
    },
  };
}
