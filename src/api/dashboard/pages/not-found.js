import { h } from '../dom.js';
import { t } from '../language.js';

/** The page of an address that leads nowhere. */
export function notFoundPage() {
  const home = h('a', { href: '#/' }, t('notFound.home'));
  return {
    node: h('div', { class: 'message' }, h('h1', { class: 'sentence' }, t('notFound.title')), h('p', {}, home)),
    title: t('notFound.title'),
    update() {},
  };
}
