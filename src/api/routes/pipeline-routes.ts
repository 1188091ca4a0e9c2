import { WantedStore } from '../../database/pipelines/wanted-store.js';
import { PipelineStore } from '../../database/pipelines/pipeline-store.js';
import { listLatestTasks } from '../../database/tasks/task-lives.js';
import { wantedToJson } from '../../model/wanted.js';
import { taskToJson } from '../../model/task-json.js';
import type { PipelineDefinition } from '../../model/pipeline.js';
import { updateDefinition } from '../../tasks/outbox/update-definition.js';
import { Schedules } from '../../tasks/fleet/schedules.js';
import { readStanding } from '../../tasks/lease/parked.js';
import { readShownPipelines } from '../../tasks/views/listed-pipelines.js';
import { pipelineSummaryToJson, pipelineToJson } from '../../tasks/views/pipeline-json.js';
import { markUnknownLags } from '../../tasks/views/unknown-lags.js';
import { ConflictError, NotFoundError, TakenError } from '../../runtime/errors.js';
import type { ApiParts } from '../api-parts.js';
import { invalidRequest } from '../problem.js';
import { route, type Route } from '../route.js';
import { readSentDefinition } from '../sent-definition.js';
import { idParams } from '../schemas/parameters.js';
import {
  definitionListSchema,
  pipelineListSchema,
  pipelineSchema,
  storedSchema,
  changedWantedSchema,
} from '../schemas/pipeline-schemas.js';
import { taskSchema } from '../schemas/task-schemas.js';
import { SharedReads } from '../shared-reads.js';
import { changeWanted, type Wish } from '../../tasks/fleet/change-wanted.js';

const summaries: Readonly<Record<Wish, string>> = {
  start: 'Have the workers keep a pipeline running, whatever happens to its tasks; lets go what held it.',
  stop: "End a pipeline's tasks, and have nobody run it.",
  restart: 'Have the workers keep a pipeline running, and hand the task that runs over to a new one.',
};

const tag = 'pipelines';
const base = '/api/v1/pipeline';

const storedAnswer = { schema: storedSchema };

/** The routes about pipelines and their definitions. */
export function pipelineRoutes(parts: ApiParts): readonly Route[] {
  const store = new PipelineStore(parts.database);
  const reads = new SharedReads();
  return [
    route({
      method: 'GET',
      path: `${base}/list`,
      summary: 'List all pipelines, each with its newest task.',
      ...{ tag, access: 'read', answer: { schema: pipelineListSchema } },
      handle: async () => ({ json: await reads.get('list', () => listPipelines(parts)) }),
    }),
    route({
      method: 'GET',
      path: `${base}/config`,
      summary: 'List all definitions, without the configs of their components.',
      ...{ tag, access: 'read', answer: { schema: definitionListSchema } },
      handle: async () => {
        const pipelines = await store.list();
        return { json: { pipelines: pipelines.map(pipelineSummaryToJson), total: pipelines.length } };
      },
    }),
    route({
      method: 'GET',
      path: `${base}/config/{id}`,
      summary: "Show a pipeline's definition; secrets in it are masked.",
      ...{ tag, access: 'read', params: idParams, answer: { schema: pipelineSchema }, problems: [404] },
      handle: async ({ params }) => ({
        json: parts.secrets.maskValue(await showPipeline(parts, store, params.id)) as object,
      }),
    }),
    route({
      method: 'GET',
      path: `${base}/{id}/latest-task`,
      summary: "Show a pipeline's task that lives, else its newest.",
      ...{ tag, access: 'read', params: idParams, answer: { schema: taskSchema }, problems: [404] },
      handle: async ({ params }) => ({ json: await latestTask(parts, store, params.id) }),
    }),
    ...changingRoutes(parts, store),
    ...wantedRoutes(parts),
  ];
}

function changingRoutes(parts: ApiParts, store: PipelineStore): readonly Route[] {
  return [
    route({
      method: 'POST',
      path: `${base}/config`,
      summary: 'Store a definition, JSON or YAML; without an id it gets one. It may name no file.',
      ...{ tag, access: 'write', body: 'text', answer: { ...storedAnswer, status: 201 }, problems: [409] },
      handle: async ({ body }) => {
        const definition = await readSentDefinition(parts, body, { name: 'body', id: null });
        const pipelineId = await store.import(definition).catch(refuseTaken);
        return { status: 201, json: { pipeline_id: pipelineId, name: definition.name } };
      },
    }),
    route({
      method: 'PUT',
      path: `${base}/{id}`,
      summary: "Replace a pipeline's definition; checkpoint, tasks and events stay.",
      ...{ tag, access: 'write', params: idParams, body: 'text', answer: storedAnswer, problems: [404, 409] },
      handle: async ({ params, body }) => {
        const definition = await readSentDefinition(parts, body, { name: 'body', id: params.id });
        refuseOtherId(definition, params.id);
        await store.get(params.id);
        const changed = { ...definition, id: params.id };
        const { id, warnings } = await updateDefinition(parts.database, changed).catch(refuseTaken);
        await new Schedules(parts.database).keep(id);
        const json = { pipeline_id: id, name: definition.name };
        return { json: warnings.length === 0 ? json : { ...json, warnings } };
      },
    }),
    route({
      method: 'DELETE',
      path: `${base}/{id}`,
      summary: 'Delete a pipeline with its tasks and events; refused while a task of it lives.',
      ...{ tag, access: 'write', params: idParams, answer: storedAnswer, problems: [404, 409] },
      handle: async ({ params }) => {
        const { name } = await store.get(params.id);
        await store.delete(params.id, parts.settings.heartbeatIntervalSeconds);
        return { json: { pipeline_id: params.id, name } };
      },
    }),
  ];
}

async function listPipelines({ database, settings }: ApiParts): Promise<object> {
  const pipelines = await readShownPipelines(database, settings.heartbeatIntervalSeconds);
  const defaults = { timeoutMinutes: settings.taskTimeoutMinutes };
  const json = pipelines.map((pipeline) => ({
    ...pipelineSummaryToJson(pipeline),
    parked: pipeline.isParked,
    wanted: wantedToJson(pipeline.wanted),
    latest_task: pipeline.task === null ? null : taskToJson(pipeline.task, defaults),
  }));
  return { pipelines: json, total: pipelines.length };
}

async function showPipeline({ database, settings }: ApiParts, store: PipelineStore, id: number): Promise<object> {
  const pipeline = await store.get(id);
  const standing = await readStanding(database, id);
  const wanted = await new WantedStore(database, settings.heartbeatIntervalSeconds).get(id);
  return pipelineToJson(pipeline, { ...standing, wanted });
}

async function latestTask({ database, settings }: ApiParts, store: PipelineStore, id: number): Promise<object> {
  const { heartbeatIntervalSeconds: interval } = settings;
  const latest = await listLatestTasks(database, { id }, interval);
  const [task] = await markUnknownLags(database, latest, interval);
  if (task !== undefined) return taskToJson(task, { timeoutMinutes: settings.taskTimeoutMinutes });
  await store.get(id);
  throw new NotFoundError(`pipeline ${id} has no task yet`);
}

/** The commands' hint is of no use to a client of the API. */
function refuseTaken(error: unknown): never {
  if (!(error instanceof TakenError)) throw error;
  throw new ConflictError(error.message, { hint: `PUT ${base}/{id} replaces a pipeline's definition` });
}

function refuseOtherId({ id }: PipelineDefinition, asked: number): void {
  if (id === null || id === asked) return;
  throw invalidRequest([{ path: 'body.id', message: `is ${id}, and the path says ${asked}` }]);
}

/** The routes that say what is wanted of a pipeline. */
function wantedRoutes({ database, settings }: ApiParts): readonly Route[] {
  return (['start', 'stop', 'restart'] as const).map((wish) =>
    route({
      method: 'POST',
      path: `/api/v1/pipeline/{id}/${wish}`,
      summary: summaries[wish],
      ...{ tag: 'pipelines', access: 'write', params: idParams, problems: [404, 409] },
      answer: { schema: changedWantedSchema },
      handle: async ({ params: { id } }) => {
        const changed = await changeWanted(database, id, wish, settings.heartbeatIntervalSeconds);
        const { wanted, queuedTaskId, ended } = changed;
        const json = { wanted: wantedToJson(wanted), queued_task_id: queuedTaskId, ended_tasks: ended };
        return { json: { pipeline_id: id, ...json } };
      },
    }),
  );
}
