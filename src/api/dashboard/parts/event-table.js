import { getJson } from '../api-client.js';
import { serverNow } from '../clock.js';
import { errorText } from '../dialog.js';
import { h, setText } from '../dom.js';
import { formatClock, formatNumber, t } from '../language.js';
import { live } from '../live.js';
import { pipelinePath } from '../router.js';
import { inZone } from '../zone.js';
import { section, zone } from './cell.js';
import { shorten } from './component-graph.js';
import { makeExportButtons } from './event-export.js';
import { eventsPath } from './events-path.js';

const pageSize = 25;
const refreshMs = 2_000;
const againMs = 3_000;
const fields = ['event', 'from_block', 'to_block', 'order'];

/** Makes the table of a pipeline's events, narrowed by what the address says. */
export function makeEventTable(pipelineId, params, signal) {
  const filter = Object.fromEntries(fields.map((name) => [name, params.get(name) ?? '']));
  filter.order ||= 'desc';
  const body = h('tbody', {});
  const none = h('p', { class: 'none' }, t('loading'));
  const failure = h('p', { class: 'form-error panel-body', role: 'alert' });
  const more = h('button', { class: 'button button-small', type: 'button', hidden: true }, t('events.more'));
  const newest = filter.order === 'desc';
  const wrong = wrongOf(filter);
  let cursor = null;
  let seen = null;
  let readAt = performance.now();
  let failedAt = null;
  async function read() {
    more.disabled = true;
    failedAt = null;
    try {
      if (wrong !== null) throw new Error(wrong);
      const behind = cursor;
      const page = await getJson(eventsPath(pipelineId, filter, { limit: pageSize, cursor }), { signal });
      // What is shown was replaced meanwhile, and goes on elsewhere.
      if (cursor === behind) {
        body.append(...page.events.map(drawEvent));
        cursor = page.next_cursor;
      }
      setText(failure, '');
    } catch (error) {
      if (signal.aborted) return;
      if (error.mayPass) failedAt = performance.now();
      setText(failure, error.code === undefined && error.status === undefined ? error.message : errorText(error));
    }
    none.hidden = body.childElementCount > 0 || failure.textContent !== '';
    setText(none, t('events.none'));
    more.hidden = cursor === null;
    more.disabled = false;
  }
  more.addEventListener('click', () => void read());
  void read();

  /** Reads the newest events again: what was shown above the last of them is as they say, what lies below it stays. */
  async function refresh() {
    const path = eventsPath(pipelineId, filter, { limit: pageSize, cursor: null });
    const page = await getJson(path, { signal }).catch(() => null);
    if (page === null) return;
    const rows = page.events.map(drawEvent);
    const known = [...body.children];
    const last = known.findIndex((row) => row.dataset.key === rows.at(-1)?.dataset.key);
    const below = last === -1 ? [] : known.slice(last + 1);
    if (last === -1) cursor = page.next_cursor;
    body.replaceChildren(...rows, ...below);
    more.hidden = cursor === null;
    none.hidden = body.childElementCount > 0;
    setText(none, t('events.none'));
  }

  /** Follows what the pipeline stores, where the newest events stand on top; nobody who selects a text is disturbed. */
  function update(task) {
    // What the server could not tell while it, or its database, was away.
    if (failedAt !== null && live.isCurrent && performance.now() - failedAt > againMs) {
      void read();
      return;
    }
    const mark = `${task?.task_id}:${task?.progress?.events}`;
    if (seen === null) seen = mark;
    const isDue = performance.now() - readAt > refreshMs && document.getSelection()?.isCollapsed !== false;
    if (!newest || wrong !== null || mark === seen || !isDue) return;
    [seen, readAt] = [mark, performance.now()];
    void refresh();
  }

  const columns = [
    ['events.block'],
    ['events.time', ' ', zone()],
    ['events.name'],
    ['events.args'],
    ['events.contract'],
    ['events.tx'],
  ];
  const table = h(
    'table',
    { class: 'events-table' },
    h('thead', {}, h('tr', {}, ...columns.map(([key, ...rest]) => h('th', { scope: 'col' }, t(key), ...rest)))),
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
    { note: newest ? null : t('events.still', { time: formatClock(serverNow()) }), end: exports },
    filterForm(pipelineId, filter),
    failure,
    scroller,
    none,
    foot,
  );
  return { node, update };
}

/** Says what is wrong with a filter that can fit nothing; null: nothing. */
function wrongOf({ from_block: from, to_block: to }) {
  const odd = [from, to].find((block) => !/^\d{0,15}$/.test(block));
  if (odd !== undefined) return t('events.noBlock', { text: odd });
  if (from === '' || to === '' || Number(from) <= Number(to)) return null;
  return t('events.inverted', { from: Number(from), to: Number(to) });
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
    { dataset: { key: `${event.block_hash}/${event.transaction_hash}/${event.log_index}` } },
    h('td', { class: 'number' }, formatNumber(event.block_number)),
    h('td', { class: 'number' }, timeText(event.timestamp)),
    h('td', { title: event.event_signature }, event.event_name),
    h('td', {}, h('dl', { class: 'args' }, ...args)),
    h('td', { class: 'code', title: event.contract_address }, shorten(event.contract_address)),
    h('td', { class: 'code', title: event.transaction_hash }, shorten(event.transaction_hash)),
  );
}

/** Seconds since the epoch may lie beyond what a date can be. */
function timeText(seconds) {
  const ms = seconds * 1000;
  return Math.abs(ms) < 8e15 ? inZone(ms).slice(0, 19).replace('T', ' ') : '–';
}

function drawArgument(name, value) {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const isHex = /^0x[0-9a-fA-F]{20,}$/.test(text);
  const shown = isHex ? shorten(text) : text.length > 300 ? `${text.slice(0, 300)}…` : text;
  return h('div', {}, h('dt', {}, name), h('dd', { title: text.slice(0, 2000) }, shown));
}
