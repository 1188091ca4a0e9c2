import { listTasks, countTasks, type TaskFilter, type TaskOrder } from '../../database/tasks/task-listing.js';
import { findByName, listByName } from '../../database/pipelines/pipeline-names.js';
import { PipelineStore } from '../../database/pipelines/pipeline-store.js';
import { TaskStore } from '../../database/tasks/task-store.js';
import { taskToJson } from '../../model/task-json.js';
import { taskStatus } from '../../model/task.js';
import { cancelTask } from '../../tasks/run/cancel-task.js';
import { overviewToJson, readTaskOverview, type TaskCounts } from '../../tasks/views/task-overview.js';
import { startTask } from '../../tasks/fleet/start-task.js';
import { markUnknownLags } from '../../tasks/views/unknown-lags.js';
import type { ApiParts } from '../api-parts.js';
import { invalidRequest } from '../problem.js';
import { RememberedCounts } from '../remembered-counts.js';
import { route, type Route } from '../route.js';
import { idParams } from '../schemas/parameters.js';
import {
  runningTasksQuery,
  startBody,
  statisticsQuery,
  taskListQuery,
  taskPageSchema,
  taskSchema,
  taskStatisticsSchema,
} from '../schemas/task-schemas.js';
import { SharedReads } from '../shared-reads.js';
import { taskWithSilence } from '../task-silence-json.js';

const tag = 'tasks';
const base = '/api/v1/pipeline';

/** Rows that may be skipped to reach a page: a server reads them all the same. */
const mostSkipped = 100_000;

/** The routes about tasks: lists, numbers, one task, and its cancellation. */
export function taskRoutes(parts: ApiParts): readonly Route[] {
  const list = new TaskList(parts);
  const { database, settings } = parts;
  const defaults = { timeoutMinutes: settings.taskTimeoutMinutes };
  return [
    route({
      method: 'GET',
      path: `${base}/tasks`,
      summary: 'List tasks, newest first; a total above 10,000 may be some seconds old.',
      ...{ tag, access: 'read', query: taskListQuery, answer: { schema: taskPageSchema }, problems: [404] },
      handle: async ({ query }) => ({ json: await list.page(query) }),
    }),
    route({
      method: 'GET',
      path: `${base}/tasks/running`,
      summary: 'List the tasks that run, the most silent first.',
      ...{ tag, access: 'read', query: runningTasksQuery, answer: { schema: taskPageSchema }, problems: [404] },
      handle: async ({ query }) => ({
        json: await list.page({ ...query, status: taskStatus.running, sort: 'last_heartbeat' }),
      }),
    }),
    route({
      method: 'GET',
      path: `${base}/tasks/statistics`,
      summary: 'Count tasks by status and by the reason of their end.',
      ...{ tag, access: 'read', query: statisticsQuery, answer: { schema: taskStatisticsSchema } },
      handle: async ({ query }) => ({ json: await list.statistics(query.longer_than, query.window) }),
    }),
    route({
      method: 'GET',
      path: `${base}/task/{id}`,
      summary: 'Show a task.',
      ...{ tag, access: 'read', params: idParams, answer: { schema: taskSchema }, problems: [404] },
      handle: async ({ params }) => {
        const found = await new TaskStore(database).get(params.id);
        const [task = found] = await markUnknownLags(database, [found], settings.heartbeatIntervalSeconds);
        return { json: taskToJson(task, defaults) };
      },
    }),
    route({
      method: 'POST',
      path: `${base}/start`,
      summary:
        'Queue a task of a pipeline: a worker runs it as soon as nobody holds the pipeline. 200: the task that waits already.',
      ...{
        tag,
        access: 'write',
        body: startBody,
        answer: { status: [202, 200], schema: taskSchema },
        problems: [404, 409],
      },
      handle: async ({ body }) => {
        const { pipeline_id: pipelineId, mode, from_block: fromBlock, to_block: toBlock, fresh } = body;
        const { task, isNew } = await startTask(database, pipelineId, { mode, fromBlock, toBlock, fresh });
        return { status: isNew ? 202 : 200, json: taskToJson(task, defaults) };
      },
    }),
    route({
      method: 'POST',
      path: `${base}/task/{id}/cancel`,
      summary: 'Stop a task that runs or waits; its process ends at its next heartbeat or commit.',
      ...{ tag, access: 'write', params: idParams, answer: { schema: taskSchema }, problems: [404, 409] },
      handle: async ({ params }) => {
        const { after } = await cancelTask(new TaskStore(database), params.id);
        return { json: taskToJson(after, defaults) };
      },
    }),
  ];
}

interface PageQuery {
  readonly status?: number | undefined;
  readonly pipeline_id?: number | undefined;
  readonly pipeline_name?: string | undefined;
  readonly since?: string | undefined;
  readonly sort: string;
  readonly page: number;
  readonly page_size: number;
  readonly silence: boolean;
}

/** Lists and counts tasks for many clients at once. */
class TaskList {
  readonly #parts: ApiParts;
  readonly #counts: RememberedCounts;
  readonly #reads = new SharedReads();

  constructor(parts: ApiParts) {
    this.#parts = parts;
    this.#counts = new RememberedCounts(parts.clock);
  }

  page(query: PageQuery): Promise<object> {
    return this.#reads.get(`page ${JSON.stringify(query)}`, () => this.#readPage(query));
  }

  statistics(longerThanMinutes: number, windowMinutes: number): Promise<object> {
    const { database, settings } = this.#parts;
    const options = { longerThanMinutes, windowMinutes, defaultIntervalSeconds: settings.heartbeatIntervalSeconds };
    const count = (): Promise<TaskCounts> => this.#counts.get('all', () => new TaskStore(database).count(), sumOf);
    return this.#reads.get(`statistics ${longerThanMinutes} ${windowMinutes}`, async () =>
      overviewToJson(await readTaskOverview(database, options, count)),
    );
  }

  async #readPage(query: PageQuery): Promise<object> {
    const { database, settings } = this.#parts;
    const { status, since, page, page_size: pageSize, silence } = query;
    const { pipelineId, ...named } = await this.#pipelinesOf(query);
    const filter: TaskFilter = { status, pipelineId, ...named, since };
    const part = { order: orderOf(query), limit: pageSize, offset: offsetOf(query) };
    const [tasks, total] = await Promise.all([
      listTasks(database, { ...filter, ...part }).then((found) =>
        markUnknownLags(database, found, settings.heartbeatIntervalSeconds),
      ),
      this.#counts.get(JSON.stringify(filter), () => countTasks(database, filter), Number),
    ]);
    // A pipeline that has no task may be one that there is not: then that is the news.
    if (total === 0 && pipelineId !== undefined) await new PipelineStore(database).get(pipelineId);
    return { tasks: tasks.map((task) => taskWithSilence(task, settings, silence)), total, page, page_size: pageSize };
  }

  /** An older program gave a name several times, and its clients look for tasks by it: to them a name that nobody has is no error. */
  async #pipelinesOf(query: PageQuery): Promise<Pick<TaskFilter, 'pipelineId' | 'pipelineIds'>> {
    const { pipeline_id: id, pipeline_name: name = '' } = query;
    const { database, settings } = this.#parts;
    if (name === '') return { pipelineId: id };
    if (id !== undefined) {
      throw invalidRequest([{ path: 'query.pipeline_name', message: 'stands in place of pipeline_id: give one' }]);
    }
    if (!settings.api.olderClients) return { pipelineId: await findByName(database, name) };
    return { pipelineIds: (await listByName(database, name)).map((each) => each.id) };
  }
}

function sumOf(counts: TaskCounts): number {
  return counts.reduce((total, { count }) => total + count, 0);
}

/** Tasks are numbered as they are made. An index serves every order that is allowed. */
function orderOf({ sort, status }: PageQuery): TaskOrder {
  const descending = sort.startsWith('-');
  const by = sort.replace('-', '');
  if (by === 'last_heartbeat' && status === undefined) {
    const message = 'tasks are sorted by last_heartbeat within one status';
    throw invalidRequest([{ path: 'query.sort', message }], 'give status, too: status=running');
  }
  return { by: by === 'last_heartbeat' || by === 'end_time' ? by : 'id', descending };
}

function offsetOf({ page, page_size: pageSize }: PageQuery): number {
  const offset = (page - 1) * pageSize;
  if (offset <= mostSkipped) return offset;
  throw invalidRequest(
    [{ path: 'query.page', message: `lies more than ${mostSkipped} tasks down the list` }],
    'narrow the list by since, status or pipeline_id, or turn it round with sort=id',
  );
}
