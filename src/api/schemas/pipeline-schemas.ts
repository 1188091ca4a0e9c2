import { z } from 'zod';
import { restarts } from '../../model/pipeline.js';
import { readingProblem } from '../../pipeline/definition/pipeline-name.js';
import { idInBody, shownInstant } from './parameters.js';
import { taskSchema } from './task-schemas.js';

const instantOrNull = shownInstant.nullable();

/** What a person wants of a pipeline. */
const wantedSchema = z
  .strictObject({
    state: z.enum(['started', 'stopped']),
    since: shownInstant,
    failures: z.int().describe('ends of its tasks in a row that were not in order, without a committed block between'),
    next_start: instantOrNull.describe('when the next task is queued; null: one waits or runs'),
    scheduled: z.boolean().describe('next_start is a time of its schedule, not another try'),
    last_slot: instantOrNull.describe('when a task was queued for a time of its schedule last'),
    skipped_slot: instantOrNull.describe('the newest time of its schedule at which a run still went on'),
    held_reason: z.string().nullable().describe('what only a person can mend: it is not run until one has'),
    waiting_for: z.string().nullable().describe('why a worker could not take the task that waits'),
  })
  .meta({ id: 'Wanted' });

/** What became of what a person said. */
export const changedWantedSchema = z.strictObject({
  pipeline_id: z.int(),
  wanted: wantedSchema.nullable(),
  queued_task_id: z.int().nullable(),
  ended_tasks: z.int(),
});

/** A pipeline in a list. */
const pipelineSummarySchema = z
  .strictObject({
    pipeline_id: z.int(),
    name: z.string(),
    classification_id: z.int().nullable(),
    disabled: z.boolean(),
    components: z.array(z.string()).describe('their types, in order'),
    create_time: instantOrNull,
    update_time: instantOrNull,
  })
  .meta({ id: 'PipelineSummary' });

/** All pipelines, each with its newest task; those that are parked are run by nobody until they are rewound. */
export const pipelineListSchema = z.strictObject({
  pipelines: z.array(
    pipelineSummarySchema.extend({
      parked: z.boolean(),
      wanted: wantedSchema.nullable(),
      latest_task: taskSchema.nullable(),
    }),
  ),
  total: z.int(),
});

/** All definitions, in short. */
export const definitionListSchema = z.strictObject({ pipelines: z.array(pipelineSummarySchema), total: z.int() });

/** A pipeline with its definition: the keys of its file. */
export const pipelineSchema = z
  .strictObject({
    pipeline_id: z.int(),
    disabled: z.boolean(),
    create_time: instantOrNull,
    update_time: instantOrNull,
    wanted: wantedSchema.nullable(),
    checkpoint: z
      .strictObject({ start_block: z.int().nullable(), block_number: z.int(), block_hash: z.string().nullable() })
      .nullable(),
    parked: z.strictObject({ task_id: z.int(), reason: z.string(), hint: z.string() }).nullable(),
    shards: z
      .array(
        z.strictObject({
          ...{ shard: z.int(), from_block: z.int(), to_block: z.int() },
          ...{ next_block: z.int(), task_id: z.int().nullable() },
        }),
      )
      .optional()
      .describe('stretches that other tasks read ahead of the checkpoint, until each joins it'),
    name: z.string(),
    classification_id: z.int().optional(),
    description: z.string().optional(),
    timeout_minutes: z.number().optional(),
    restart: z.enum(restarts).optional(),
    schedule: z.string().describe('a cron expression').optional(),
    time_zone: z.string().describe('the IANA name of the zone that the schedule means; UTC where left out').optional(),
    components: z.array(z.looseObject({ name: z.string(), type: z.string() })),
  })
  .meta({ id: 'Pipeline' });

/** What became of a definition that was sent. */
export const storedSchema = z.strictObject({
  pipeline_id: z.int(),
  name: z.string(),
  warnings: z
    .array(z.strictObject({ message: z.string(), hint: z.string() }))
    .optional()
    .meta({ description: 'Sinks that have delivered, and deliver other events, or otherwise, from here on.' }),
});

/** A node of the tree. */
export const classificationSchema = z
  .strictObject({
    classification_id: z.int(),
    parent_id: z.int().nullable(),
    name: z.string(),
    create_time: instantOrNull,
    update_time: instantOrNull,
  })
  .meta({ id: 'Classification' });

/** What is said of a node. */
export const classificationBody = z.strictObject({
  name: z
    .string()
    .trim()
    .min(1)
    .max(255)
    .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u, { error: 'must be one line without control characters' })
    .regex(/^\P{Cs}*$/u, { error: 'must be well-formed Unicode: it has half of a character' })
    .superRefine((name, context) => {
      const problem = readingProblem(name);
      if (problem !== null) context.addIssue(problem);
    }),
  parent_id: idInBody.nullable().default(null),
});

const treeNodeSchema = z
  .strictObject({
    ...classificationSchema.shape,
    pipelines: z.array(pipelineSummarySchema),
    get children(): z.ZodArray<z.ZodType> {
      return z.array(treeNodeSchema);
    },
  })
  .meta({ id: 'TreeNode' });

/** The nodes at the top, each with all that is sorted into it, and the pipelines that are in none. */
export const treeSchema = z.strictObject({
  tree: z.array(treeNodeSchema),
  unclassified: z.array(pipelineSummarySchema),
});
