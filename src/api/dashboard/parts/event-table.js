import { getJson } from '../api-client.js';
import { errorText } from '../dialog.js';
import { h, setText } from '../dom.js';
import { formatNumber, t } from '../language.js';
import { pipelinePath } from '../router.js';
import { section } from './cell.js';
import { shorten } from './component-graph.js';
import { makeExportButtons } from './event-export.js';
import { eventsPath } from './events-path.js';

const pageSize = 25;
const fields = ['event', 'from_block', 'to_block', 'order'];

/** Makes the table of a pipeline's events, narrowed by what the address says. */
export function makeEventTable(pipelineId, params, signal) {
  const filter = Object.fromEntries(fields.map((name) => [name, params.get(name) ?? '']));
  filter.order ||= 'desc';
  const body = h('tbody', {});
  const none = h('p', { class: 'none' }, t('loading'));
  const failure = h('p', { class: 'form-error panel-body', role: 'alert' });
  const more = h('button', { class: 'button button-small', type: 'button', hidden: true }, t('events.more'));
  let cursor = null;
  async function read() {
    more.disabled = true;
    try {
      const page = await getJson(eventsPath(pipelineId, filter, { limit: pageSize, cursor }), { signal });
      body.append(...page.events.map(drawEvent));
      cursor = page.next_cursor;
      setText(failure, '');
    } catch (error) {
      if (signal.aborted) return;
      setText(failure, errorText(error));
    }
    none.hidden = body.childElementCount > 0 || failure.textContent !== '';
    setText(none, t('events.none'));
    more.hidden = cursor === null;
    more.disabled = false;
  }
  more.addEventListener('click', () => void read());
  void read();
  const columns = ['events.block', 'events.time', 'events.name', 'events.args', 'events.contract', 'events.tx'];
  const table = h(
    'table',
    { class: 'events-table' },
    h('thead', {}, h('tr', {}, ...columns.map((key) => h('th', { scope: 'col' }, t(key))))),
    body,
  );
  const scroller = h(
    'div',
    { class: 'table-scroller', tabindex: 0, role: 'region', 'aria-label': t('events.title') },
    table,
  );
  const exports = makeExportButtons(pipelineId, filter, signal);
  const foot = h('div', { class: 'pager' }, more);
  const node = section(
    'events',
    t('events.title'),
    { end: exports },
    filterForm(pipelineId, filter),
    failure,
    scroller,
    none,
    foot,
  );
  return { node };
}

function filterForm(pipelineId, filter) {
  const input = (name, key, props) =>
    h(
      'div',
      { class: 'field' },
      h('label', { for: `events-${name}` }, t(key)),
      h('input', { class: 'input', id: `events-${name}`, name, value: filter[name], ...props }),
    );
  const number = { inputmode: 'numeric', pattern: '[0-9]*' };
  const option = (value, key) => h('option', { value, selected: filter.order === value }, t(key));
  const order = h(
    'select',
    { class: 'input', id: 'events-order', name: 'order' },
    option('desc', 'events.newest'),
    option('asc', 'events.oldest'),
  );
  const form = h(
    'form',
    { class: 'event-filters' },
    input('event', 'events.name', {}),
    input('from_block', 'events.from', number),
    input('to_block', 'events.to', number),
    h('div', { class: 'field' }, h('label', { for: 'events-order' }, t('events.order')), order),
    h('button', { class: 'button', type: 'submit' }, t('events.apply')),
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const kept = [...new FormData(form)]
      .map(([name, value]) => [name, value.trim()])
      .filter(([, value]) => value !== '');
    location.hash = `${pipelinePath(pipelineId)}?${new URLSearchParams(kept)}`;
  });
  return form;
}

function drawEvent(event) {
  const args = Object.entries(event.args).map(([name, value]) => drawArgument(name, value));
  return h(
    'tr',
    {},
    h('td', { class: 'number' }, formatNumber(event.block_number)),
    h('td', { class: 'number' }, (event.block_time ?? '–').replace('T', ' ').replace('Z', '')),
    h('td', { title: event.event_signature }, event.event_name),
    h('td', {}, h('dl', { class: 'args' }, ...args)),
    h('td', { class: 'code', title: event.contract_address }, shorten(event.contract_address)),
    h('td', { class: 'code', title: event.transaction_hash }, shorten(event.transaction_hash)),
  );
}

function drawArgument(name, value) {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const isHex = /^0x[0-9a-fA-F]{20,}$/.test(text);
  const shown = isHex ? shorten(text) : text.length > 300 ? `${text.slice(0, 300)}…` : text;
  return h('div', {}, h('dt', {}, name), h('dd', { title: text.slice(0, 2000) }, shown));
}
