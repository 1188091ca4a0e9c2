import { z } from 'zod';
import { listReorgsOfLate } from '../../database/events/reorg-store.js';
import { listTasksOfLate, readDatabaseTime } from '../../database/tasks/task-lives.js';
import { listTasks } from '../../database/tasks/task-listing.js';
import { TaskStore } from '../../database/tasks/task-store.js';
import type { Reorg } from '../../model/reorg.js';
import { taskStatus, statusName, type Task } from '../../model/task.js';
import type { Settings } from '../../settings/settings.js';
import { markUnknownLags } from '../../tasks/views/unknown-lags.js';
import type { ApiParts } from '../api-parts.js';
import type { LiveState } from '../live/live-state.js';
import { route, type Route } from '../route.js';
import { idParams, shownInstant, wholeNumber } from '../schemas/parameters.js';
import { taskSchema } from '../schemas/task-schemas.js';
import { SharedReads } from '../shared-reads.js';
import { taskSilenceToJson, taskWithSilence } from '../task-silence-json.js';

const tag = 'live';

/** Tasks of a timeline at most, of each kind: made, ended, running. */
const mostTasks = 300;

const span = z.strictObject({
  task_id: z.int(),
  pipeline_id: z.int(),
  status_name: z.string(),
  create_time: shownInstant,
  last_heartbeat: shownInstant.nullable(),
  end_time: shownInstant.nullable(),
  end_reason: z.string().nullable(),
  silent_after_seconds: z.number().describe('while it runs a longer silence is odd'),
  beats_seconds_ago: z
    .array(z.int())
    .describe('of each five minutes one heartbeat, as far as this server has seen them'),
});

const reorg = z.strictObject({
  pipeline_id: z.int(),
  task_id: z.int(),
  create_time: shownInstant,
  ancestor_block: z.int(),
  blocks: z.int().describe('taken back'),
});

const timelineSchema = z.strictObject({
  now: shownInstant,
  hours: z.int(),
  tasks: z.array(span),
  reorgs: z.array(reorg).describe('the latest first'),
});

const ratesSchema = z.strictObject({
  task_id: z.int(),
  times: z.array(z.int()).describe('Unix seconds'),
  events: z.array(z.int()).describe('of the task, until then'),
  next_block: z.array(z.int().nullable()),
  lag_blocks: z.array(z.int().nullable()),
});

/** The routes about what changes while one looks at it. */
export function liveRoutes({ database, clock, settings }: ApiParts, live: LiveState): readonly Route[] {
  const reads = new SharedReads();
  const beatsAgo = (taskId: number): readonly number[] =>
    live.history.beats(taskId).map((at) => Math.max(0, Math.round(clock.now() / 1_000 - at)));
  return [
    route({
      method: 'GET',
      path: '/api/v1/live',
      summary:
        'Follow tasks, pipelines, alerts and endpoints: all of them at first (event all), then what changes (event change).',
      ...{ tag, access: 'read', answer: { media: 'text/event-stream', what: 'server-sent events' }, problems: [503] },
      handle: ({ lastEventId, signal }) => ({ events: live.watch(lastEventId, signal) }),
    }),
    route({
      method: 'GET',
      path: '/api/v1/timeline',
      summary: 'Show the lives of the tasks of the last hours, and the reorganisations that they followed.',
      ...{ tag, access: 'read', query: z.object({ hours: wholeNumber(1, 168).default(24) }) },
      answer: { schema: timelineSchema },
      handle: async ({ query: { hours } }) => ({
        json: await reads.get(`timeline ${hours}`, () =>
          readTimeline(database, hours, (task) => toSpans(task, beatsAgo(task.id), settings)),
        ),
      }),
    }),
    route({
      method: 'GET',
      path: '/api/v1/live/task/{id}',
      summary: 'Show a task, and while it runs how silent it is: for those of which the stream does not tell.',
      ...{ tag, access: 'read', params: idParams, answer: { schema: taskSchema }, problems: [404] },
      handle: async ({ params: { id } }) => {
        const found = await new TaskStore(database).get(id);
        const [task = found] = await markUnknownLags(database, [found], settings.heartbeatIntervalSeconds);
        return { json: taskWithSilence(task, settings, true) };
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/pipeline/task/{id}/rates',
      summary: 'Show how far a task had come at some moments, as far as this server has seen it run.',
      ...{ tag, access: 'read', params: idParams, answer: { schema: ratesSchema }, problems: [404] },
      handle: async ({ params: { id } }) => {
        await new TaskStore(database).get(id);
        return { json: { task_id: id, ...live.history.of(id) } };
      },
    }),
  ];
}

async function readTimeline(
  database: ApiParts['database'],
  hours: number,
  draw: (task: Task) => readonly z.output<typeof span>[],
): Promise<object> {
  const now = await readDatabaseTime(database);
  const late = await listTasksOfLate(database, { seconds: hours * 3_600, limit: mostTasks });
  const running = await listTasks(database, { status: taskStatus.running, limit: mostTasks, offset: 0 });
  const tasks = new Map([...running, ...late].map((task) => [task.id, task]));
  const spans = [...tasks.values()].sort((a, b) => a.id - b.id).flatMap(draw);
  const reorgs = await listReorgsOfLate(database, { seconds: hours * 3_600, limit: mostTasks });
  return { now, hours, tasks: spans, reorgs: reorgs.map(toReorg) };
}

function toReorg({ pipelineId, taskId, createTime, ancestorBlock, blocks }: Reorg): z.output<typeof reorg> {
  return {
    pipeline_id: pipelineId,
    task_id: taskId,
    create_time: createTime,
    ancestor_block: ancestorBlock,
    blocks,
  };
}

/** A life whose beginning nobody wrote down is none that can be drawn. */
function toSpans(
  task: Task,
  beatsAgo: readonly number[],
  { heartbeatIntervalSeconds }: Pick<Settings, 'heartbeatIntervalSeconds'>,
): readonly z.output<typeof span>[] {
  if (task.createTime === null) return [];
  return [
    {
      task_id: task.id,
      pipeline_id: task.pipelineId,
      status_name: statusName(task.status),
      create_time: task.createTime,
      last_heartbeat: task.lastHeartbeat,
      end_time: task.endTime,
      end_reason: task.endReason,
      silent_after_seconds: taskSilenceToJson(task, heartbeatIntervalSeconds).silent_after_seconds,
      beats_seconds_ago: [...beatsAgo],
    },
  ];
}
