import { getJson } from '../api-client.js';
import { notify, notifyError } from '../dialog.js';
import { h } from '../dom.js';
import { t } from '../language.js';
import { eventsPath } from './events-path.js';

/** Events that a browser is given to keep; the command line exports any number. */
const mostEvents = 10_000;
const pageSize = 500;

const columns = [
  ...['chain', 'chain_id', 'block_number', 'block_hash', 'block_time', 'transaction_hash', 'transaction_index'],
  ...['log_index', 'contract_address', 'event_name', 'event_signature', 'args'],
];

const forms = {
  JSONL: { media: 'application/x-ndjson', write: (events) => events.map((event) => JSON.stringify(event)) },
  CSV: { media: 'text/csv', write: (events) => [columns.join(','), ...events.map(csvLine)] },
};

/** Makes the buttons that save the events that fit a filter as a file. */
export function makeExportButtons(pipelineId, filter, signal) {
  const button = (format) => {
    const node = h('button', { class: 'button button-small', type: 'button' }, t('events.export', { format }));
    node.addEventListener('click', () => void save(node, format));
    return node;
  };
  async function save(node, format) {
    node.disabled = true;
    try {
      const { events, isAll } = await readAll(pipelineId, filter, signal);
      const { media, write } = forms[format];
      download(`pipeline-${pipelineId}-events.${format.toLowerCase()}`, media, `${write(events).join('\n')}\n`);
      const key = isAll ? 'events.exported' : 'events.exportedPart';
      notify(t(key, { n: events.length, id: String(pipelineId) }));
    } catch (error) {
      if (!signal.aborted) notifyError(error);
    }
    node.disabled = false;
  }
  return h('div', { class: 'panel-actions' }, button('JSONL'), button('CSV'));
}

async function readAll(pipelineId, filter, signal) {
  const events = [];
  let cursor = null;
  do {
    const page = await getJson(eventsPath(pipelineId, filter, { limit: pageSize, cursor }), { signal });
    events.push(...page.events);
    cursor = page.next_cursor;
  } while (cursor !== null && events.length < mostEvents);
  return { events, isAll: cursor === null };
}

function csvLine(event) {
  const cells = columns.map((name) => (name === 'args' ? JSON.stringify(event.args) : String(event[name] ?? '')));
  return cells.map(csvCell).join(',');
}

/** A cell that begins like a formula is one for a spreadsheet, whoever wrote it on the chain. */
function csvCell(text) {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function download(name, media, text) {
  const url = URL.createObjectURL(new Blob([text], { type: media }));
  h('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
