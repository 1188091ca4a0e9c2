import { getJson } from '../api-client.js';
import { errorText } from '../dialog.js';
import { h, setText } from '../dom.js';
import { t } from '../language.js';
import { live } from '../live.js';
import { section } from '../parts/cell.js';
import { makeTaskRows } from '../parts/task-rows.js';
import { tasksPath } from '../router.js';
import { justRead } from '../task-state.js';

const pageSize = 25;
const refreshMs = 10_000;
const statuses = ['running', 'queued', 'succeeded', 'failed'];

/** The page of all tasks, narrowed by what the address says. */
export function tasksPage({ params, signal }) {
  const page = Math.max(1, Number(params.get('page')) || 1);
  const filter = { status: params.get('status') ?? '', pipeline_id: params.get('pipeline_id') ?? '' };
  // Digits alone are an id, and no name.
  const name = /^\d*$/.test(filter.pipeline_id) ? null : filter.pipeline_id;
  const rows = makeTaskRows();
  const none = h('p', { class: 'none' }, t('loading'));
  const failure = h('p', { class: 'form-error panel-body', role: 'alert' });
  const pager = h('nav', { class: 'pager', 'aria-label': t('tasks.title') });
  let tasks = [];
  let readAt = -Infinity;
  let seen = '';
  async function read() {
    const pipeline = name === null ? { pipeline_id: filter.pipeline_id } : { pipeline_name: name };
    const kept = Object.entries({ status: filter.status, ...pipeline }).filter(([, value]) => value !== '');
    const query = new URLSearchParams([...kept, ['page', page], ['page_size', pageSize], ['silence', true]]);
    try {
      const answer = await getJson(`/api/v1/pipeline/tasks?${query}`, { signal });
      tasks = answer.tasks.map(justRead);
      pager.replaceChildren(...pagerParts(filter, page, answer));
      setText(failure, '');
    } catch (error) {
      if (signal.aborted) return;
      tasks = [];
      pager.replaceChildren();
      setText(failure, name !== null && error.status === 404 ? unknownText(name) : errorText(error));
    }
    none.hidden = tasks.length > 0 || failure.textContent !== '';
    setText(none, t('tasks.noneFound'));
    rows.show(tasks);
  }
  return {
    node: h(
      'div',
      { class: 'single' },
      h('h1', { class: 'page-title' }, t('tasks.title')),
      section(
        'all-tasks',
        t('tasks.title'),
        { end: filterForm(filter), extra: 'titled' },
        failure,
        rows.node,
        none,
        pager,
      ),
    ),
    title: t('tasks.title'),
    update() {
      rows.show(tasks);
      const marks = live.all('task').map(({ task_id: id, status }) => `${id}:${status}`);
      const now = marks.sort().join(' ');
      if (performance.now() - readAt < (now === seen ? refreshMs : 1000)) return;
      [seen, readAt] = [now, performance.now()];
      void read();
    },
  };
}

function filterForm(filter) {
  const option = (value, text) => h('option', { value, selected: filter.status === value }, text);
  const status = h(
    'select',
    { class: 'input', name: 'status', id: 'filter-status' },
    option('', t('filter.all')),
    ...statuses.map((name) => option(name, t(`state.${name}`))),
  );
  const pipeline = h('input', {
    ...{ class: 'input', name: 'pipeline_id', id: 'filter-pipeline', placeholder: t('filter.pipeline.form') },
    value: filter.pipeline_id,
  });
  const form = h(
    'form',
    { class: 'filters' },
    h('label', { for: 'filter-status' }, t('filter.status')),
    status,
    h('label', { for: 'filter-pipeline' }, t('filter.pipeline')),
    pipeline,
  );
  const apply = (event) => {
    event.preventDefault();
    location.hash = tasksPath({ status: status.value, pipeline_id: pipeline.value.trim() });
  };
  form.addEventListener('submit', apply);
  form.addEventListener('change', apply);
  return form;
}

/** Says that there is no pipeline of a name, and names some that there are. */
function unknownText(name) {
  const names = live.all('pipeline').map((pipeline) => pipeline.name);
  return t('filter.noPipeline', { name, names: names.slice(0, 8).join(', ') || '–' });
}

function pagerParts(filter, page, { total, tasks }) {
  if (total === 0) return [];
  const from = (page - 1) * pageSize + 1;
  const link = (to, text) => h('a', { class: 'button button-small', href: tasksPath({ ...filter, page: to }) }, text);
  return [
    h('span', { class: 'muted' }, t('page.of', { from, to: from + tasks.length - 1, total })),
    ...(page > 1 ? [link(page - 1, t('page.newer'))] : []),
    ...(from + tasks.length - 1 < total ? [link(page + 1, t('page.older'))] : []),
  ];
}
