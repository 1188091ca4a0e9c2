import { h, keyedList, setText } from '../dom.js';
import { t } from '../language.js';

/** Makes a list of names and values; `show` takes pairs of a text's key and a value, null where there is none. */
export function makeFacts() {
  const node = h('dl', { class: 'facts' });
  const list = keyedList(node, ([key]) => key, makeFact);
  return { node, show: (pairs) => list.show(pairs.filter(([, value]) => value !== null && value !== undefined)) };
}

function makeFact([key]) {
  const value = h('dd', {});
  return { node: h('div', {}, h('dt', {}, t(key)), value), update: ([, text]) => setText(value, String(text)) };
}
