import { z } from 'zod';
import { listNames } from '../database/pipelines/pipeline-names.js';
import type { NamedPipeline } from '../database/pipelines/pipeline-names.js';
import { countTasks } from '../database/tasks/task-listing.js';
import { TaskStore } from '../database/tasks/task-store.js';
import type { Task } from '../model/task.js';
import { ConflictError, TakenError } from '../runtime/errors.js';
import { Schedules } from '../tasks/fleet/schedules.js';
import { updateDefinition } from '../tasks/outbox/update-definition.js';
import type { ApiParts } from './api-parts.js';
import { openLogOfTask } from './find-task-log.js';
import { countLogLines, type LogLength } from './log-lines.js';
import { invalidRequest, ProblemError } from './problem.js';
import { readJson } from './read-json.js';
import { RememberedCounts } from './remembered-counts.js';
import { route, type Route, type RouteAnswer } from './route.js';
import { idInBody, wholeNumber } from './schemas/parameters.js';
import { startBody } from './schemas/task-schemas.js';
import { readSentDefinition } from './sent-definition.js';

type Json = Readonly<Record<string, unknown>>;
type Handle = Route['handle'];
type Input = Parameters<Handle>[0];

const base = '/api/v1/pipeline';

const daySeconds = 86_400;

/** Running tasks in one answer at most. */
const mostRunning = 1_000;

/** What the older program's clients find in an answer, made of ours and of what was asked. */
type More = (json: Json, input: Input) => Json | Promise<Json>;

/** Returns routes whose answers also say what the older program's said, and which take what its clients send. */
export function olderRoutes(routes: readonly Route[], parts: ApiParts): readonly Route[] {
  const names = async (): Promise<Names> => new Map((await listNames(parts.database)).map((each) => [each.id, each]));
  const counts = new RememberedCounts(parts.clock);
  const madeOfLate = (): Promise<number> => countTasks(parts.database, { withinSeconds: daySeconds });
  const more: Readonly<Record<string, More>> = {
    [`GET ${base}/tasks`]: async (json) => pageOf(json, await names()),
    [`GET ${base}/tasks/running`]: async (json) => runningOf(json, await names()),
    [`GET ${base}/tasks/statistics`]: async (json) => statisticsOf(json, await counts.get('a day', madeOfLate, Number)),
    [`GET ${base}/task/{id}`]: async (json) => ({ message: 'the task', ...nameOf(json, await names()) }),
    [`GET ${base}/task/{id}/log`]: async (json, { params, signal }) => {
      const task = await new TaskStore(parts.database).get(Number(params['id']));
      return { ...logOf(json, await measureLog(parts, task, signal)), log_path: task.logPath };
    },
    [`POST ${base}/start`]: (json) => ({ message: `task ${String(json['task_id'])} waits for a worker` }),
  };
  const changed = routes.map((each) => {
    const found = more[`${each.method} ${each.path}`];
    const taken = takingMore(each);
    if (`${each.method} ${each.path}` === `POST ${base}/config`) {
      return { ...taken, answer: answeredWith(taken, [200, 201]), handle: configOf(taken, parts) };
    }
    return found === undefined
      ? taken
      : { ...taken, answer: answeredWith(taken, [200]), handle: withMore(taken, found) };
  });
  return [...changed, resetRoute];
}

/** Beside what an answer says anyway there is more, of which the document does not tell. */
function answeredWith({ answer }: Route, status: readonly number[]): Route['answer'] {
  return 'schema' in answer ? { status, schema: z.looseObject({}) } : answer;
}

function withMore(of: Route, more: More): Handle {
  return async (input) => {
    const answer = await of.handle(input).catch(refuseAsBefore);
    if (!('json' in answer)) return answer;
    const json = answer.json as Json;
    // Those clients know of one good status.
    return { status: 200, json: { ...json, success: true, ...(await more(json, input)) } };
  };
}

/** Those clients know 400 and 404. */
function refuseAsBefore(error: unknown): never {
  if (error instanceof ConflictError || error instanceof TakenError) {
    throw new ProblemError(400, error.code, error.message, { hint: error.hint });
  }
  throw error;
}

/** The commands' hint is of no use to a client of the API. */
function refuseTaken(error: unknown): never {
  if (!(error instanceof TakenError)) return refuseAsBefore(error);
  const hint = `give it another pipeline_name; with the other's pipeline_id, POST ${base}/config replaces that definition`;
  throw new ProblemError(400, error.code, error.message, { hint });
}

/** Lets a request say what only the older program's could. */
function takingMore(each: Route): Route {
  if (each.path === `${base}/start`) {
    const asOurs = (body: unknown): unknown => {
      if (typeof body !== 'object' || body === null) return body;
      // Where a log goes is a setting of whoever runs the task.
      const entries = Object.entries(body).filter(([key]) => key !== 'log_path');
      return Object.fromEntries(entries.map(([key, value]) => [key, key === 'pipeline_id' ? wholeOf(value) : value]));
    };
    return { ...each, body: z.preprocess(asOurs, startBody) };
  }
  if (each.path === `${base}/tasks/running` && each.query instanceof z.ZodObject) {
    // Nobody asked for pages of it there.
    const size = z.preprocess((value) => value ?? String(mostRunning), wholeNumber(1, mostRunning));
    return { ...each, query: each.query.extend({ page_size: size }) };
  }
  if (each.path !== `${base}/tasks` || !(each.query instanceof z.ZodObject)) return each;
  const page = each.query.shape as Readonly<Record<string, z.ZodType>>;
  const size = page['page_size'] ?? z.string();
  return { ...each, query: each.query.extend({ page_size: z.preprocess((value) => value ?? '10', size) }) };
}

/** The older program took digits in a text for a number, as what reads its bodies does unless it is told not to. */
function wholeOf(value: unknown): unknown {
  const [, digits] = (typeof value === 'string' && /^\s*\+?(\d{1,15})(?:\.0*)?\s*$/.exec(value)) || [];
  return digits === undefined ? value : Number(digits);
}

/** What the pipelines of the moment are called, by their ids. */
type Names = ReadonlyMap<unknown, NamedPipeline>;

/** What a task's row says of its pipeline. */
function nameOf(task: Json, names: Names): Json {
  const { name = null, description = null } = names.get(task['pipeline_id']) ?? {};
  return { pipeline_name: name, pipeline_description: description };
}

function rowsOf(json: Json, names: Names): readonly Json[] {
  return (json['tasks'] as readonly Json[]).map((task) => ({
    ...{ task_id: task['task_id'], pipeline_id: task['pipeline_id'], ...nameOf(task, names) },
    ...{ status: task['status'], status_text: task['status_text'] },
    ...{ create_time: task['create_time'], log_path: task['log_path'] },
  }));
}

function pageOf(json: Json, names: Names): Json {
  const totalPages = Math.ceil(Number(json['total']) / Number(json['page_size']));
  return { message: `${String(json['total'])} tasks`, data: rowsOf(json, names), total_pages: totalPages };
}

function runningOf(json: Json, names: Names): Json {
  const data = rowsOf(json, names);
  return { message: `${String(json['total'])} tasks run`, data, count: json['total'] };
}

function statisticsOf(json: Json, madeOfLate: number): Json {
  const [monitor] = json['monitors'] as readonly Json[];
  const data = {
    total_tasks: json['total'],
    running_tasks: json['running'],
    success_tasks: json['succeeded'],
    failed_tasks: json['failed'],
    recent_24h_tasks: madeOfLate,
    last_check_time: monitor?.['last_check_time'] ?? null,
  };
  return { message: 'the tasks in numbers', data };
}

async function measureLog(parts: ApiParts, task: Task, signal: AbortSignal): Promise<LogLength> {
  const log = await openLogOfTask(parts, task, { signal });
  try {
    return await countLogLines(log, signal);
  } finally {
    await log.close();
  }
}

/** A log that grows may have lines that were not there when it was counted; of a very long one its first part is counted. */
function logOf(json: Json, length: LogLength): Json {
  const lines = json['lines'] as readonly string[];
  const total = Math.max(length.lines, lines.length);
  return {
    message: `the last ${lines.length} of ${length.goesOn ? `more than ${total}` : total} lines`,
    log_content: lines.join('\n'),
    total_lines: total,
    returned_lines: lines.length,
  };
}

/** Takes a definition as a text in JSON, too, for a pipeline whose id stands beside it. */
function configOf(of: Route, parts: ApiParts): Handle {
  return async (input): Promise<RouteAnswer> => {
    const older = olderBody(String(input.body));
    if (older === null) return of.handle(input);
    const { id, info } = older;
    const definition = await readSentDefinition(parts, info, { name: 'pipeline_info', isLenient: true, id });
    const stored = { ...definition, id };
    const { id: pipelineId } = await updateDefinition(parts.database, stored).catch(refuseTaken);
    await new Schedules(parts.database).keep(pipelineId);
    const components = definition.components.length;
    const message = `pipeline ${pipelineId} is stored`;
    return { status: 200, json: { success: true, message, pipeline_id: pipelineId, components_created: components } };
  };
}

function olderBody(text: string): { readonly id: number; readonly info: string } | null {
  let body: unknown;
  try {
    body = readJson(text);
  } catch {
    return null;
  }
  if (typeof body !== 'object' || body === null || !('pipeline_info' in body || 'pipeline_id' in body)) return null;
  const { pipeline_id: written, pipeline_info: info } = body as Json;
  const id = idInBody.safeParse(wholeOf(written));
  if (!id.success) {
    throw invalidRequest(id.error.issues.map(({ message }) => ({ path: 'body.pipeline_id', message })));
  }
  if (info === undefined) throw invalidRequest([{ path: 'body.pipeline_info', message: 'is missing: the definition' }]);
  return { id: id.data, info: typeof info === 'string' ? info : JSON.stringify(info) };
}

/** Nothing is reset: a task that lives is left alone, and one that is silent the monitor fails. */
const resetRoute = route({
  method: 'POST',
  path: `${base}/tasks/reset-running`,
  summary: 'For older clients: changes nothing, for only the monitor fails tasks, and only silent ones.',
  ...{ tag: 'tasks', access: 'write' },
  // The older program read none, whatever was sent.
  body: 'text',
  answer: { schema: z.strictObject({ success: z.boolean(), message: z.string() }) },
  handle: () => ({
    json: { success: true, message: 'no task was reset: the monitor fails those that are silent, and no others' },
  }),
});
