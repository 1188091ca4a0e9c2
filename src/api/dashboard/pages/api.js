import { request } from '../api-client.js';
import { errorText } from '../dialog.js';
import { h } from '../dom.js';
import { t } from '../language.js';
import { readUntilDone } from '../parts/retry.js';
import { saveFile } from '../parts/save-file.js';

/** The page that shows the API's documentation: it is asked for with the token, which a plain link would not send. */
export function apiPage({ signal }) {
  const body = h('div', { class: 'api-docs panel panel-body' }, `${t('loading')} …`);
  async function read() {
    const text = await (await request('/docs', { signal })).text();
    const told = new DOMParser().parseFromString(text, 'text/html').querySelector('main');
    told.querySelector('h1')?.remove();
    body.replaceChildren(...document.adoptNode(told).childNodes);
    body.querySelector('a[href="openapi.json"]')?.addEventListener('click', (event) => {
      event.preventDefault();
      void saveDocument(signal);
    });
  }
  const reader = readUntilDone(read, signal, (error) =>
    body.replaceChildren(h('p', { class: 'form-error', role: 'alert' }, errorText(error))),
  );
  return {
    node: h('div', { class: 'single' }, h('h1', { class: 'page-title' }, t('nav.api')), body),
    title: t('nav.api'),
    update: reader.update,
  };
}

async function saveDocument(signal) {
  const text = await (await request('/openapi.json', { signal })).text();
  saveFile('openapi.json', 'application/json', text);
}
