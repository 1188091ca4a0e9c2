import { postJson } from '../api-client.js';
import { confirmed, notify, notifyError } from '../dialog.js';
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

/** Makes the button that queues a task of a pipeline, and leads to it. */
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

async function act(button, work) {
  button.disabled = true;
  try {
    await work();
  } catch (error) {
    notifyError(error);
  } finally {
    button.disabled = false;
  }
}
