import { h, keyedList, setText } from '../dom.js';
import { formatInstant, formatNumber, t } from '../language.js';
import { live } from '../live.js';
import { icon } from './icon.js';

/** How a state is meant: `bad` endpoints are not asked, `odd` ones are worth a look. */
const tones = { healthy: 'good', limited: 'good', failing: 'odd', resting: 'bad', wrong_chain: 'bad', unasked: 'idle' };

/** Makes the list of the endpoints that runs ask: state, latency, last error. */
export function makeEndpointList() {
  const rows = h('ul', { class: 'endpoints' });
  const none = h('p', { class: 'none' });
  const list = keyedList(rows, keyOf, makeRow);
  return {
    node: h('div', {}, rows, none),
    update() {
      const endpoints = live.all('endpoint').sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
      list.show(endpoints);
      none.hidden = endpoints.length > 0;
      setText(none, live.isComplete ? t('endpoints.none') : t('loading'));
    },
  };
}

function keyOf({ chain, endpoint }) {
  return `${chain} ${endpoint}`;
}

function makeRow({ endpoint }) {
  const mark = h('span', { class: 'endpoint-mark' });
  const state = h('span', { class: 'endpoint-state' });
  const figures = h('span', { class: 'endpoint-figures' });
  const error = h('span', { class: 'endpoint-error' });
  const name = h('span', { class: 'endpoint-name' }, endpoint);
  const node = h('li', { class: 'endpoint' }, mark, name, state, figures, error);
  let shown = null;
  return {
    node,
    update(current) {
      const tone = current.stale_since === null ? tones[current.state] : 'idle';
      setText(state, stateText(current));
      setText(figures, figuresText(current));
      setText(error, errorText(current));
      error.hidden = current.last_error === null;
      node.dataset.state = current.state;
      if (shown === tone) return;
      shown = tone;
      node.dataset.tone = tone;
      mark.replaceChildren(icon({ good: 'ok', idle: 'idle' }[tone] ?? 'bad'));
    },
  };
}

function stateText({ state, stale_since: since, reports, alike }) {
  if (since !== null) return t('endpoint.stale', { time: formatInstant(since) });
  const text = t(`endpoint.is.${state}`);
  return alike === reports ? text : t('endpoint.some', { state: text, alike, reports });
}

function figuresText({ chain, head_ms: head, logs_ms: logs, max_per_second: rate, max_in_flight: inFlight, state }) {
  const limits = state === 'limited' ? [rate && figure('rate', rate), inFlight && figure('inFlight', inFlight)] : [];
  return [chain, head && figure('head', head), logs && figure('logs', logs), ...limits].filter(Boolean).join(' · ');
}

function figure(name, n) {
  return t(`endpoint.${name}`, { value: formatNumber(n, n < 10 ? 1 : 0) });
}

function errorText({ last_error: error, last_error_time: time }) {
  return t('endpoint.error', { time: formatInstant(time), error: error ?? '' });
}
