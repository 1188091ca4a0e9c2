import type { Knex } from 'knex';
import {
  deliveryPattern,
  deliveryRequest,
  followerRequest,
  followsPattern,
  goesOnPattern,
  type RunRequest,
} from '../../model/run-request.js';
import { taskStatus } from '../../model/task.js';
import { NotFoundError } from '../../runtime/errors.js';
import type { Database, Query } from '../database.js';
import { writeIfHeld } from '../fenced-write.js';
import type { Statement, StepResult } from '../script.js';

const table = 'pipeline_task';

/** A task that waits: made now, or found. */
export interface Queued {
  readonly taskId: number;
  /** What it was asked to run with; a row of another program asks for nothing. */
  readonly request: RunRequest;
  readonly isNew: boolean;
}

/**
 * Makes a task that waits, unless one of its pipeline waits already: then that one is returned, with its own request. Of
 * several callers at one time one makes it. Throws NotFoundError where there is no such pipeline.
 */
export async function queueTask(database: Database, pipelineId: number, request: RunRequest): Promise<Queued> {
  for (;;) {
    const steps = [
      replaceFollower(database, pipelineId, request),
      ...readBeside(database, pipelineId, request),
      insertQueued(database, pipelineId, request),
    ];
    const taskId = insertedId(await writeLocked(database, pipelineId, steps));
    if (taskId !== null) return { taskId, request, isNew: true };
    const queued = await findQueued(database, pipelineId);
    // It may have begun, or been stopped, meanwhile.
    if (queued !== null) return queued;
  }
}

/** Names the definition that a pipeline has, by its newest component: each import stores them anew. No rows: it has none. */
export function definitionOf(
  { knex }: Database,
  pipelineId: number | Knex.Ref<string, Record<string, string>>,
): Knex.QueryBuilder {
  return knex('pipeline_component').where({ pipeline_id: pipelineId }).max({ id: 'id' });
}

/** Has a query of tasks of a pipeline find them only while it has this definition. */
export function ofDefinition(
  database: Database,
  tasks: Knex.QueryBuilder,
  pipelineId: number,
  definition: number,
): Knex.QueryBuilder {
  return tasks.whereRaw('COALESCE((?), 0) = ?', [definitionOf(database, pipelineId), definition]);
}

/** Reads what a task was asked to run with. */
export function readRequest(runOptions: string | null): RunRequest {
  return runOptions === null ? {} : ((JSON.parse(runOptions) as RunRequest | null) ?? {});
}

/** What another program has made of one row must not keep the ends of all others from being judged. */
export function requestIn(options: string | null): RunRequest {
  try {
    return readRequest(options);
  } catch {
    return {};
  }
}

/**
 * Writes steps while nobody else queues a task of the pipeline: callers come one after the other, and what one has made the next
 * one sees. Throws NotFoundError where there is no such pipeline.
 */
export async function writeLocked(
  database: Database,
  pipelineId: number,
  steps: readonly Query[],
): Promise<readonly StepResult[]> {
  const results = await writeIfHeld(database, [lockPipeline(database, pipelineId), ...steps]);
  if (results !== null) return results;
  throw new NotFoundError(`there is no pipeline ${pipelineId}`, { hint: 'chainparse pipeline list' });
}

/** A fence that matches the row of a pipeline, or of one that may run, and holds it: who queues tasks of it does so first. */
export function lockPipeline(database: Database, pipelineId: number, { enabled = false } = {}): Statement {
  const row = holdPipeline(database, pipelineId);
  if (enabled) void enabledOnly(database, row);
  return database.fenced(row);
}

function enabledOnly({ dialect }: Database, pipelines: Knex.QueryBuilder): Knex.QueryBuilder {
  return pipelines.where((each) => void each.whereNull('disabled').orWhere({ disabled: dialect.flag(false) }));
}

/** As `lockPipeline`, but no fence: it matches nothing where the pipeline is gone. */
export function holdPipeline({ knex }: Database, pipelineId: number): Knex.QueryBuilder {
  return knex('pipeline')
    .where({ id: pipelineId })
    .update({ id: knex.ref('id') });
}

/** The id of the task that the last step of a script made; null where it made none. */
export function insertedId(results: readonly StepResult[]): number | null {
  const inserted = results.at(-1);
  return inserted?.matched === 1 ? inserted.insertId : null;
}

/** Has a query of tasks find those that deliver only, or all others. */
export function isDelivery(tasks: Knex.QueryBuilder, isSo: boolean): Knex.QueryBuilder {
  if (isSo) return tasks.where('run_options', 'like', deliveryPattern);
  return tasks.where((each) => void each.whereNull('run_options').orWhereNot('run_options', 'like', deliveryPattern));
}

/** Has a query of tasks find those that were asked to read to the end of their pipeline's definition. */
export function isWhole(tasks: Knex.QueryBuilder): Knex.QueryBuilder {
  const parts = ['"deliverOnly":true', '"toBlock":', '"mode":"historical"'];
  return tasks.where((each) => {
    void each.whereNull('run_options').orWhere((asked) => {
      for (const part of parts) void asked.whereNot('run_options', 'like', `%${part}%`);
    });
  });
}

/**
 * A step after which a task of a pipeline that waits to deliver only, or that workers queued, will read as it is asked to. One that
 * workers queued to begin anew still is: somebody wished for that.
 */
function readToo({ knex }: Database, pipelineId: number, request: RunRequest = {}): Query {
  return knex(table)
    .where({ pipeline_id: pipelineId, shard: 0, status: taskStatus.queued })
    .whereIn('run_options', [deliveryRequest, followerRequest])
    .update({ run_options: storedRequest(request) });
}

/** A step after which a task that workers queued behind another runs as a person asks for, whatever was wished for before. */
function replaceFollower({ knex }: Database, pipelineId: number, request: RunRequest): Query {
  return knex(table)
    .where({ pipeline_id: pipelineId, shard: 0, status: taskStatus.queued })
    .where('run_options', 'like', followsPattern)
    .whereNot('run_options', 'like', goesOnPattern)
    .update({ run_options: storedRequest(request) });
}

/** A step after which a task that workers queued behind another begins at the checkpoint: the other has begun as it was asked to. */
export function followOn({ knex }: Database, pipelineId: number): Query {
  return knex(table)
    .where({ pipeline_id: pipelineId, shard: 0, status: taskStatus.queued })
    .where('run_options', 'like', followsPattern)
    .update({ run_options: followerRequest });
}

/** A step that ends what runs of a pipeline, for another task to go on with it. */
export function handOverRunning(database: Database, pipelineId: number): Knex.QueryBuilder {
  return database
    .knex(table)
    .where({ pipeline_id: pipelineId, shard: 0, status: taskStatus.running })
    .update(handedOver(database));
}

/** What becomes of a task with which another goes on. */
export function handedOver({ knex, dialect }: Database): Record<string, unknown> {
  return { status: taskStatus.succeeded, end_time: dialect.now(knex), end_reason: 'handed_over' };
}

/**
 * Steps after which a task of a pipeline that delivers only stands in the way of none that reads: one that waits will read,
 * one that runs ends, and whoever reads goes on with its deliveries. It may wait for a receiver that is away for ever.
 */
export function readBeside(database: Database, pipelineId: number, request: RunRequest = {}): readonly Query[] {
  return [readToo(database, pipelineId, request), isDelivery(handOverRunning(database, pipelineId), true)];
}

/** What the row of a task holds of what it was asked to run with. */
export function storedRequest(request: RunRequest): string | null {
  const isPlain = Object.values(request).every((value) => value === undefined);
  return isPlain ? null : JSON.stringify(request);
}

/**
 * A step that makes a task that waits, unless one of its pipeline, or of its shard, waits already, or `unless` finds a row; none
 * of a shard that is no more.
 */
export function insertQueued(
  database: Database,
  pipelineId: number,
  request: RunRequest,
  unless?: Knex.QueryBuilder,
  shard = 0,
): Query {
  const { knex } = database;
  const waits = { pipeline_id: pipelineId, shard, status: taskStatus.queued };
  const queued = knex(table).select(knex.raw('1')).where(waits);
  return insertWhere(database, waits, request, (row) => {
    void row.where({ id: pipelineId }).whereNotExists(queued);
    if (unless !== undefined) void row.whereNotExists(unless.select(knex.raw('1')));
    const isThere = knex('pipeline_shard').select('shard').where({ pipeline_id: pipelineId, shard, dropped: 0 });
    if (shard !== 0) void enabledOnly(database, row).whereExists(isThere);
  });
}

/** `narrow` says of the row of which pipeline the task is made, and on what condition. */
function insertWhere(
  { knex, dialect }: Database,
  waits: { readonly pipeline_id: number; readonly shard: number; readonly status: number },
  request: RunRequest,
  narrow: (row: Knex.QueryBuilder) => void,
): Query {
  const row = { ...waits, create_time: dialect.now(knex), log_path: '', run_options: storedRequest(request) };
  const selected = knex('pipeline').select(Object.values(row).map((value) => knex.raw('?', [value])));
  narrow(selected);
  const columns = Object.keys(row);
  return knex(knex.raw(`?? (${columns.map(() => '??').join(', ')})`, [table, ...columns])).insert(selected);
}

/**
 * Steps that queue what goes on with a run that is handed over. Where another task waits already, to run with something else,
 * it waits beside that one, and is begun before it: it goes on behind the checkpoint as the run has left it.
 */
export function insertSuccessor(database: Database, pipelineId: number, request: RunRequest): readonly Query[] {
  const queue = insertQueued(database, pipelineId, request);
  // Whatever waits delivers, too.
  if (request.deliverOnly === true) return [queue];
  const { knex, dialect } = database;
  const waits = { pipeline_id: pipelineId, shard: 0, status: taskStatus.queued };
  const waiting = knex(table).select(knex.raw('1')).where(waits);
  const alike = waiting.clone().whereRaw(dialect.sameAs(knex, 'run_options', storedRequest(request)));
  const beside = insertWhere(database, waits, { ...request, goesOn: true }, (row) => {
    void row.where({ id: pipelineId }).whereExists(waiting).whereNotExists(alike);
  });
  // What was to follow it with the same wish does not: this one does.
  return [followOn(database, pipelineId), readToo(database, pipelineId, request), beside, queue];
}

async function findQueued(database: Database, pipelineId: number): Promise<Queued | null> {
  const [row] = await database.read<{ id: number; run_options: string | null }[]>((knex) =>
    knex(table)
      .where({ pipeline_id: pipelineId, shard: 0, status: taskStatus.queued })
      .select('id', 'run_options')
      .orderBy('id')
      .limit(1),
  );
  return row === undefined ? null : { taskId: row.id, request: readRequest(row.run_options), isNew: false };
}
