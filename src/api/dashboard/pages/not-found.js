import { errorText } from '../dialog.js';
import { h } from '../dom.js';
import { t } from '../language.js';

/** The page of an address that leads nowhere. */
export function notFoundPage() {
  return { node: message(t('notFound.title')), title: t('notFound.title'), update() {} };
}

/** Says in the place of what a page shows why it can't be read: what `notFound` says where it is not there. */
export function failureMessage(error, notFound) {
  return message(error.status === 404 ? notFound : errorText(error));
}

function message(text) {
  const home = h('a', { href: '#/' }, t('notFound.home'));
  return h('div', { class: 'message' }, h('h1', { class: 'sentence' }, text), h('p', {}, home));
}
