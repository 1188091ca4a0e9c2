import { request } from '../api-client.js';
import { notify, notifyError } from '../dialog.js';
import { h } from '../dom.js';
import { t } from '../language.js';
import { eventsPath } from './events-path.js';
import { saveFile } from './save-file.js';

/** Events that a browser is given to keep; the command line exports any number. */
const mostEvents = 10_000;
const pageSize = 500;

/** How a page of events is read: the server writes CSV by the code of `chainparse events export`. */
const forms = {
  JSONL: {
    media: 'application/x-ndjson',
    query: {},
    async read(answer) {
      const { events, next_cursor: cursor } = await answer.json();
      return { text: events.map((event) => `${JSON.stringify(event)}\n`).join(''), count: events.length, cursor };
    },
  },
  CSV: {
    media: 'text/csv',
    query: { format: 'csv' },
    async read(answer, isFirst) {
      const text = await answer.text();
      // Arguments are JSON, in which no line ends.
      const count = text.split('\r\n').length - (isFirst ? 2 : 1);
      return { text, count, cursor: answer.headers.get('next-cursor') };
    },
  },
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
      const { text, count, isAll } = await readAll(pipelineId, filter, forms[format], signal);
      saveFile(`pipeline-${pipelineId}-events.${format.toLowerCase()}`, forms[format].media, text);
      const key = isAll ? 'events.exported' : 'events.exportedPart';
      notify(t(key, { n: count, id: String(pipelineId) }));
    } catch (error) {
      if (!signal.aborted) notifyError(error);
    }
    node.disabled = false;
  }
  return h('div', { class: 'panel-actions' }, button('JSONL'), button('CSV'));
}

async function readAll(pipelineId, filter, { query, read }, signal) {
  const texts = [];
  let count = 0;
  let cursor = null;
  do {
    const path = eventsPath(pipelineId, { ...filter, ...query }, { limit: pageSize, cursor });
    const page = await read(await request(path, { signal }), texts.length === 0);
    texts.push(page.text);
    count += page.count;
    cursor = page.cursor;
  } while (cursor !== null && count < mostEvents);
  return { text: texts.join(''), count, isAll: cursor === null };
}
