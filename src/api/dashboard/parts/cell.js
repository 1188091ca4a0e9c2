import { h } from '../dom.js';
import { t } from '../language.js';
import { taskPath } from '../router.js';
import { zoneName } from '../zone.js';

/** Makes a cell of a row: its heading stands in it, for phones and for screen readers. */
export function cell(name, heading, ...content) {
  return h('div', { class: `cell cell-${name}` }, h('span', { class: 'cell-heading' }, heading), ...content);
}

/** Makes the cell that names a task and leads to it; `about` says what it runs. */
export function taskCell(id, about) {
  const link = h('a', { class: 'row-link', href: taskPath(id) }, t('task.title', { id: String(id) }));
  return cell('name', t('column.task'), link, about);
}

/** Makes the line of headings above rows; screen readers hear them in each cell. */
export function headings(...entries) {
  return h(
    'div',
    { class: 'row-head', 'aria-hidden': 'true' },
    ...entries.map(([name, ...content]) => h('span', { class: `cell-${name}` }, ...content)),
  );
}

/** Makes a place for the name of the zone in which times are told. */
export function zone() {
  return h('span', { class: 'zone' }, zoneName());
}

/** Makes a part of a page with a heading. */
export function section(id, title, { note = null, end = null, extra = '' } = {}, ...content) {
  return h(
    'section',
    { class: `panel ${extra}`, 'aria-labelledby': `${id}-title` },
    h(
      'header',
      { class: 'panel-head' },
      h('h2', { id: `${id}-title` }, title),
      note === null ? null : h('p', { class: 'panel-note' }, note),
      end,
    ),
    ...content,
  );
}
