/** Returns the page that the address names: its name, its id where it has one, and its query. */
export function currentRoute() {
  const [path = '', query = ''] = location.hash.replace(/^#/, '').split('?', 2);
  const parts = path.split('/').filter((part) => part !== '');
  const params = new URLSearchParams(query);
  if (parts.length === 0) return { name: 'overview', params };
  const [name, id] = parts;
  if (parts.length === 1 && ['tasks', 'workers', 'alerts', 'api'].includes(name)) return { name, params };
  if (parts.length === 2 && (name === 'task' || name === 'pipeline') && /^[1-9]\d{0,9}$/.test(id))
    return { name, id: Number(id), params };
  return { name: 'not-found', params };
}

/** Returns the address of a task's page. */
export const taskPath = (id) => `#/task/${id}`;

/** Returns the address of a pipeline's page. */
export const pipelinePath = (id) => `#/pipeline/${id}`;

/** Returns the address of the list of tasks, narrowed. */
export function tasksPath(query) {
  const kept = Object.entries(query).filter(([, value]) => value !== null && value !== '' && value !== undefined);
  const text = new URLSearchParams(kept.map(([key, value]) => [key, String(value)])).toString();
  return text === '' ? '#/tasks' : `#/tasks?${text}`;
}
