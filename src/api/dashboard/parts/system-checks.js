import { h, keyedList, setText } from '../dom.js';
import { hasText, t } from '../language.js';
import { live } from '../live.js';
import { icon } from './icon.js';
import { checkText } from './server-texts.js';

/** Makes the list of what the server checks of itself: database, monitor, silence, lag. */
export function makeSystemChecks() {
  const rows = h('ul', { class: 'checks' });
  const list = keyedList(rows, ({ name }) => name, makeRow);
  return {
    node: rows,
    update: () => list.show(live.get('system')?.checks ?? []),
  };
}

/** Why nobody knows a lag, beside what makes any check unknown. */
export const lagDoubts = ['silent', 'uncommitted', 'waiting'];

function makeRow({ name }) {
  const key = `check.${name}`;
  const mark = h('span', { class: 'check-mark', role: 'img' });
  const detail = h('span', { class: 'check-detail' });
  const node = h(
    'li',
    { class: 'check' },
    mark,
    h('span', { class: 'check-name' }, hasText(key) ? t(key) : name),
    detail,
  );
  let shown = null;
  return {
    node,
    update(check) {
      // What is not known is not shown as good.
      const isUnknown = ['unknown', 'unread'].includes(check.kind) || (check.ok && lagDoubts.includes(check.kind));
      const ok = isUnknown ? 'unknown' : check.ok;
      setText(detail, checkText(check));
      if (shown === ok) return;
      shown = ok;
      node.dataset.ok = ok;
      mark.setAttribute('aria-label', t({ true: 'check.ok', unknown: 'state.unknown' }[ok] ?? 'check.bad'));
      mark.replaceChildren(icon({ true: 'ok', unknown: 'idle' }[ok] ?? 'bad'));
    },
  };
}
