import { getJson } from '../api-client.js';
import { errorText } from '../dialog.js';
import { h, keyedList, setText } from '../dom.js';
import { formatAge, t } from '../language.js';
import { section } from '../parts/cell.js';
import { icon } from '../parts/icon.js';
import { taskPath } from '../router.js';
import { aheadLimit } from '../task-state.js';

const refreshMs = 3_000;
const tones = { alive: 'good', silent: 'bad', ended: 'idle' };

/** The page of the workers: who is alive, with room for how much, holding what. */
export function workersPage({ signal }) {
  const failure = h('p', { class: 'form-error', role: 'alert' });
  const rows = h('ul', { class: 'endpoints' });
  const none = h('p', { class: 'none' }, t('loading'));
  const list = keyedList(rows, ({ name, create_time: since }) => `${name} ${since}`, makeRow);
  let readAt = -Infinity;
  async function read() {
    try {
      const { workers } = await getJson('/api/v1/workers', { signal });
      list.show(workers);
      none.hidden = workers.length > 0;
      setText(none, t('workers.none'));
      setText(failure, '');
    } catch (error) {
      if (signal.aborted) return;
      // What can't be read is not shown as it was: nobody knows whether that still holds.
      list.show([]);
      none.hidden = true;
      setText(failure, errorText(error));
    }
  }
  return {
    node: h(
      'div',
      { class: 'single' },
      h('h1', { class: 'page-title' }, t('workers.title')),
      section('workers', t('workers.all'), {}, failure, rows, none),
    ),
    title: t('workers.title'),
    update() {
      if (performance.now() - readAt < refreshMs) return;
      readAt = performance.now();
      void read();
    },
  };
}

function makeRow({ name }) {
  const mark = h('span', { class: 'endpoint-mark' });
  const state = h('span', { class: 'endpoint-state' });
  const figures = h('span', { class: 'endpoint-figures' });
  const tasks = h('span', { class: 'endpoint-figures' });
  const node = h('li', { class: 'endpoint' }, mark, h('span', { class: 'endpoint-name' }, name), state, figures, tasks);
  let held = null;
  return {
    node,
    update(worker) {
      node.dataset.tone = tones[worker.state];
      mark.replaceChildren(icon({ good: 'ok', idle: 'idle' }[tones[worker.state]] ?? 'bad'));
      setText(state, t(`worker.is.${worker.state}`));
      setText(figures, figuresText(worker));
      const ids = worker.task_ids.join(' ');
      if (ids === held) return;
      held = ids;
      tasks.replaceChildren(...worker.task_ids.flatMap(taskLink));
    },
  };
}

function taskLink(id) {
  return [h('a', { href: taskPath(id) }, t('task.title', { id: String(id) })), ' '];
}

function figuresText({ running, capacity, version, chains, heartbeat_age_seconds: age }) {
  return [
    t('worker.places', { running: String(running), capacity: String(capacity) }),
    chains === null ? null : t('worker.chains', { chains: chains.join(', ') || '–' }),
    version,
    age < -aheadLimit ? t('age.ahead', { age: formatAge(-age) }) : t('age.ago', { age: formatAge(Math.max(0, age)) }),
  ]
    .filter((part) => part !== null)
    .join(' · ');
}
