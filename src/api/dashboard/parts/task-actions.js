import { postJson } from '../api-client.js';
import { act, confirmed, notify } from '../dialog.js';
import { h } from '../dom.js';
import { t } from '../language.js';
import { taskPath } from '../router.js';

/** Makes the button that cancels a task, once its person is sure. */
export function makeCancelButton(taskId, done) {
  const button = h(
    'button',
    { class: 'button button-danger', type: 'button', dataset: { action: 'cancel', changes: 'task' } },
    t('task.cancel'),
  );
  button.addEventListener('click', () =>
    act(button, async () => {
      if (!(await confirmed(t('task.cancel.ask', { id: String(taskId) }), t('task.cancel')))) return;
      const task = await postJson(`/api/v1/pipeline/task/${taskId}/cancel`);
      notify(t('task.cancelled', { id: String(taskId) }));
      done(task);
    }),
  );
  return button;
}

/**
 * Makes the buttons that say what is wanted of a pipeline: that the workers keep it running, that it stops, that it begins
 * anew. `update` takes the pipeline as the server tells it live, and its newest task.
 */
export function makeWantedButtons(pipelineId) {
  const buttons = Object.fromEntries(
    ['start', 'restart', 'stop'].map((wish) => {
      const kind = wish === 'stop' ? 'button button-danger' : 'button';
      const props = { class: kind, type: 'button', dataset: { changes: 'pipeline', action: `pipeline-${wish}` } };
      const button = h('button', { ...props, hidden: true }, t(`wanted.${wish}`));
      button.addEventListener('click', () => act(button, () => change(pipelineId, wish)));
      return [wish, button];
    }),
  );
  return {
    nodes: Object.values(buttons),
    update({ wanted, disabled }, task) {
      const isStarted = wanted?.state === 'started';
      const isBusy = ['running', 'queued'].includes(task?.status_name);
      buttons.start.hidden = disabled || (isStarted && wanted.held_reason === null);
      buttons.restart.hidden = disabled || !isStarted || task?.status_name !== 'running';
      buttons.stop.hidden = !isStarted && !isBusy;
    },
  };
}

async function change(pipelineId, wish) {
  const question = t(`wanted.${wish}.ask`, { id: String(pipelineId) });
  if (wish !== 'start' && !(await confirmed(question, t(`wanted.${wish}`)))) return;
  await postJson(`/api/v1/pipeline/${pipelineId}/${wish}`);
  notify(t(`wanted.${wish}.done`, { id: String(pipelineId) }));
}

/** Makes the button that queues one task of a pipeline, and leads to it. */
export function makeStartButton(pipelineId) {
  const button = h(
    'button',
    { class: 'button', type: 'button', dataset: { action: 'start', changes: 'pipeline' } },
    t('task.start'),
  );
  button.addEventListener('click', () =>
    act(button, async () => {
      if (!(await confirmed(t('task.start.ask', { id: String(pipelineId) }), t('task.start')))) return;
      const { task_id: taskId } = await postJson('/api/v1/pipeline/start', { pipeline_id: pipelineId });
      notify(t('task.started', { id: String(taskId) }));
      location.hash = taskPath(taskId);
    }),
  );
  return button;
}
