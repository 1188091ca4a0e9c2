import { z } from 'zod';
import { taskStatus, type TaskStatusName } from '../../model/task.js';
import { id, idInBody, instant, maxBlock, numberInBody, shownInstant, wholeNumber } from './parameters.js';

const statusNames = ['running', 'succeeded', 'failed', 'queued'] as const satisfies readonly TaskStatusName[];

const statusWords = ['0', '1', '2', '3', ...statusNames] as const;

/** Reads a status, a number or its name in any case; gives the number. */
const status: z.ZodType<number, string> = z
  .string()
  .toLowerCase()
  .pipe(z.enum(statusWords, { error: 'is none of running, succeeded, failed, queued or 0 to 3' }))
  .transform((word) => (/^\d$/.test(word) ? Number(word) : taskStatus[word as TaskStatusName]))
  .meta({ enum: [...statusWords] });

const sorts = [
  'id',
  '-id',
  'create_time',
  '-create_time',
  'last_heartbeat',
  '-last_heartbeat',
  'end_time',
  '-end_time',
] as const;

const silence = z
  .enum(['true', 'false'], { error: 'is neither true nor false' })
  .default('false')
  .transform((word) => word === 'true')
  .describe('true: tasks that run say for how long they are silent, and from when on that is odd');

/** Which tasks, in which order, which part of them. */
export const taskListQuery = z.object({
  status: status.optional(),
  pipeline_id: id.optional(),
  pipeline_name: z.string().max(255).optional().describe('in place of its id; empty: of any'),
  since: instant.optional().describe("made at or after this instant, in the database's time zone"),
  sort: z
    .enum(sorts, { error: `is none of ${sorts.join(', ')}` })
    .default('-id')
    .describe('a minus: from the largest on'),
  page: wholeNumber(1, 1_000_000).default(1),
  page_size: wholeNumber(1, 200).default(20),
  silence,
});

/** Which part of the running tasks. */
export const runningTasksQuery = taskListQuery.pick({ pipeline_id: true, page: true, page_size: true, silence: true });

const progress = z.strictObject({
  mode: z.enum(['realtime', 'historical']),
  next_block: z.int().nullable(),
  target_block: z.int().nullable(),
  head_block: z.int().nullable(),
  events: z.int(),
  lag_blocks: z.int().nullable(),
  lag_unknown_since: shownInstant
    .optional()
    .describe(
      'no node of the task answers since then, or the database takes no commit of it: how far it is behind nobody knows',
    ),
  without_code: z.array(z.string()).optional().describe('contracts of the definition that have no code on its chain'),
});

/** A task: CONTRACT's keys, in that order. */
export const taskSchema = z
  .strictObject({
    task_id: z.int(),
    pipeline_id: z.int(),
    status: z.int().describe('0 running, 1 succeeded, 2 failed, 3 queued'),
    status_text: z.string(),
    status_name: z.enum([...statusNames, 'unknown']),
    create_time: shownInstant.nullable(),
    last_heartbeat: shownInstant.nullable(),
    log_path: z.string().nullable(),
    worker: z.string().nullable(),
    heartbeat_age_seconds: z.int().nullable(),
    timeout_minutes: z.number(),
    end_time: shownInstant.nullable(),
    end_reason: z.string().nullable(),
    error: z.string().nullable(),
    progress: progress.nullable(),
    shard: z
      .int()
      .optional()
      .describe("of a task that reads a stretch of its pipeline's history ahead: which one, from 2 on"),
    waiting_for: z.string().optional().describe('of a queued task alone: why it has not begun, in words'),
    silent_seconds: z
      .number()
      .nullable()
      .optional()
      .describe('of a running task, where that is asked for: since its last sign of life; null: nobody knows'),
    heartbeat_interval_seconds: z.number().optional().describe('of a running task, where that is asked for'),
    silent_after_seconds: z
      .number()
      .optional()
      .describe('of a running task, where that is asked for: a longer silence is odd'),
  })
  .meta({ id: 'Task' });

/** A page of tasks. */
export const taskPageSchema = z
  .strictObject({ tasks: z.array(taskSchema), total: z.int(), page: z.int(), page_size: z.int() })
  .meta({ id: 'TaskPage' });

/** What `tasks stats --json` tells. */
export const taskStatisticsSchema = z
  .strictObject({
    total: z.int(),
    running: z.int(),
    succeeded: z.int(),
    failed: z.int(),
    queued: z.int(),
    timed_out: z.int(),
    taken_over: z.int(),
    silent: z.int(),
    silence_unknown: z.int().describe('running ones of which nobody knows how silent they are'),
    longest_silence_seconds: z.int().nullable(),
    by_end_reason: z.record(z.string(), z.int()),
    longer_than_minutes: z.int(),
    running_longer: z.int(),
    window_minutes: z.int(),
    ended_in_window: z.int(),
    timed_out_in_window: z.int(),
    timeout_rate: z.number().nullable(),
    monitors: z.array(
      z.strictObject({
        name: z.string(),
        alive: z.boolean(),
        create_time: shownInstant,
        last_heartbeat: shownInstant,
        heartbeat_age_seconds: z.int().describe("below zero: it lies ahead of the database's clock"),
        end_time: shownInstant.nullable(),
        check_interval_seconds: z.number(),
        checks: z.int(),
        timed_out: z.int(),
        last_check_time: shownInstant.nullable(),
        waiting: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: 'TaskStatistics' });

/** For which time tasks are counted. */
export const statisticsQuery = z.object({
  longer_than: wholeNumber(1, 10_000_000).default(60).describe('minutes'),
  window: wholeNumber(1, 10_000_000).default(60).describe('minutes'),
});

const block = numberInBody(0, maxBlock);

/** Which pipeline is to be run, and how; what is left out is as its definition says. */
export const startBody = z
  .strictObject({
    pipeline_id: idInBody,
    mode: z.enum(['realtime', 'historical'], { error: 'is neither realtime nor historical' }).optional(),
    from_block: block.optional(),
    to_block: block.optional(),
    fresh: z.boolean().optional().describe('ignore the checkpoint and start over'),
  })
  .refine(({ from_block: from, to_block: to }) => from === undefined || to === undefined || from <= to, {
    error: 'lies behind to_block',
    path: ['from_block'],
  });
