import type { Knex } from 'knex';
import { ConflictError, LeaseHeldError } from '../../runtime/errors.js';
import type { Database, Query } from '../database.js';
import { errorWords } from '../database-errors.js';
import { writeIfHeld } from '../fenced-write.js';
import type { Statement } from '../script.js';
import { livingTasks } from '../task-steps/living-tasks.js';

/** Rows that one statement deletes, about: enough to be fast, few enough to hold no lock for long. */
const chunkRows = 10_000;

const orderedTables = [
  { table: 'event', order: 'block_number' },
  { table: 'event_removed', order: 'block_number' },
  { table: 'pipeline_commit', order: 'version' },
  { table: 'undecoded_log', order: 'block_number' },
  { table: 'recent_block', order: 'block_number' },
  { table: 'reorg', order: 'id' },
  { table: 'sink_dead_letter', order: 'id' },
  { table: 'call_result', order: 'block_number' },
  { table: 'factory_child', order: 'since' },
] as const;

/**
 * Deletes a pipeline and all that belongs to it. First it is disabled, wanted by nobody and loses its checkpoint, so that nothing writes
 * or resumes; then its rows go in chunks; the pipeline itself goes last, so that a deletion that was cut short can be
 * repeated. Throws LeaseHeldError while a task of it lives, and ConflictError, with nothing gone, where another table's foreign key refers
 * to it or its tasks; of a deferred key of SQLite's, and of rows that came meanwhile, only at the end.
 */
export async function deletePipeline(database: Database, id: number, defaultIntervalSeconds: number): Promise<void> {
  const unheld = { id, defaultIntervalSeconds };
  // Once more at the end: a start that came meanwhile has left a wish.
  const wishes = ['pipeline_wanted', 'pipeline_shard'].map((table) => deleteFrom(database, table, id));
  const itself = [deleteFrom(database, 'pipeline_task', id), database.knex('pipeline').where({ id }).delete()];
  await refuseReferenced(database, unheld, itself);
  await writeUnlessHeld(database, unheld, wishes);
  for (const { table, order } of orderedTables) await deleteInChunks(database, id, table, order);
  const last = [
    ...wishes,
    ...['pipeline_sink', 'pipeline_component', 'sink_file', 'factory_scan'].map((table) =>
      deleteFrom(database, table, id),
    ),
    ...itself,
  ];
  // Rows may have come to refer to it since, and SQLite tells of a deferred key only here.
  await namingKeys(database, id, 'what it had read is gone', writeUnlessHeld(database, unheld, last));
}

/**
 * Tries what goes last, and takes it back: only the database knows all that refers to it, as tables of an older program may, and what was
 * deleted before would be gone for good. Throws ConflictError where it lets it not go.
 */
async function refuseReferenced(database: Database, unheld: Unheld, itself: readonly Query[]): Promise<void> {
  const { knex, dialect } = database;
  // The pipeline is gone by then: this fence never holds.
  const takeBack = database.fenced(
    knex('pipeline')
      .where({ id: unheld.id })
      .update({ disabled: dialect.flag(true) }),
  );
  const steps = [...guardsOf(database, unheld), ...itself, ...dialect.judgeDeferredKeys(knex), takeBack];
  await namingKeys(database, unheld.id, 'nothing was deleted', writeIfHeld(database, steps));
}

/** Waits for a deletion; throws ConflictError, which says what became of the pipeline, where a foreign key forbids it. */
async function namingKeys({ dialect }: Database, id: number, outcome: string, work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (dialect.classify(error) !== 'foreign-key') throw error;
    const what = `pipeline ${id} can't be deleted, for rows of another table refer to it or its tasks`;
    const hint = "delete those rows first, or drop the foreign key, which is none of chainparse's";
    throw new ConflictError(`${what}: ${errorWords(error)}; ${outcome}`, { hint, cause: error });
  }
}

/**
 * Says of a pipeline that is disabled whether that is because its deletion has begun: its tasks, which go last, have run, and
 * nothing but a deletion takes the checkpoint away.
 */
async function isBeingDeleted(database: Database, id: number): Promise<boolean> {
  const [task] = await database.read<object[]>((knex) =>
    knex('pipeline_task')
      .select('id')
      .where({ pipeline_id: id })
      .whereNotNull('worker')
      .whereNotExists(knex('pipeline_checkpoint').select(knex.raw('1')).where({ pipeline_id: id }))
      .limit(1),
  );
  return task !== undefined;
}

/** Returns what is told of a pipeline that is disabled, as it also is while it is being deleted. */
export async function disabledProblem(database: Database, pipelineId: number): Promise<ConflictError> {
  const [problem, remedy] = (await isBeingDeleted(database, pipelineId))
    ? ['is being deleted', `if that was cut short: chainparse pipeline delete ${pipelineId}`]
    : ['is disabled', `chainparse pipeline enable ${pipelineId}`];
  return new ConflictError(`pipeline ${pipelineId} ${problem}`, { hint: remedy });
}

function deleteFrom({ knex }: Database, table: string, pipelineId: number): Query {
  return knex(table).where({ pipeline_id: pipelineId }).delete();
}

/** A pipeline that must not be held; tasks that name no heartbeat interval are judged by the default. */
interface Unheld {
  readonly id: number;
  readonly defaultIntervalSeconds: number;
}

/**
 * Takes the checkpoint away, disables the pipeline and writes steps in one transaction, with the condition that no task of the
 * pipeline lives. The checkpoint goes first, for a claim may hold it: what that claims is seen by the condition behind it.
 */
async function writeUnlessHeld(database: Database, unheld: Unheld, steps: readonly Query[]): Promise<void> {
  const guards = guardsOf(database, unheld);
  if ((await writeIfHeld(database, [...guards, ...steps])) === null) await throwHolder(database, unheld);
}

/** Selects the living tasks of a pipeline, and those that read its shards: the task of a shard that has joined writes nothing more. */
function holders(database: Database, { id, defaultIntervalSeconds }: Unheld): Knex.QueryBuilder {
  const { knex } = database;
  const read = knex('pipeline_shard').where({ pipeline_id: id, task_id: knex.ref('living.id') });
  return livingTasks(database, id, defaultIntervalSeconds, 'any').where(
    (living) => void living.where('living.shard', 0).orWhereExists(read.select(knex.raw('1'))),
  );
}

function guardsOf(database: Database, unheld: Unheld): readonly (Query | Statement)[] {
  const { id } = unheld;
  const { knex, dialect } = database;
  const disable = knex('pipeline')
    .where({ id })
    .whereNotExists(holders(database, unheld).select(knex.raw('1')))
    .update({ disabled: dialect.flag(true) });
  return [deleteFrom(database, 'pipeline_checkpoint', id), database.fenced(disable)];
}

interface HolderRow {
  readonly id: number;
  readonly worker: string | null;
  readonly shard: number;
}

async function throwHolder(database: Database, unheld: Unheld): Promise<void> {
  const { id } = unheld;
  const [holder] = await database.read<HolderRow[]>(() =>
    holders(database, unheld).select('id', 'worker', 'shard').orderBy('shard').orderBy('id', 'desc').limit(1),
  );
  // Nobody holds it: then the pipeline itself is gone, which is what was asked for.
  if (holder === undefined) return;
  const where = holder.worker === null ? '' : ` on ${holder.worker}`;
  throw new LeaseHeldError(`pipeline ${id} is being run by task ${holder.id}${where}`, {
    // A shard is read on by another task where one is ended.
    hint: `chainparse ${holder.shard === 0 ? `tasks cancel ${holder.id}` : `pipeline disable ${id}`}, then delete it`,
  });
}

async function deleteInChunks(database: Database, id: number, table: string, order: string): Promise<void> {
  for (;;) {
    const [last] = await database.read<Record<string, number>[]>((knex) =>
      knex(table)
        .select(order)
        .where({ pipeline_id: id })
        .orderBy(order)
        .limit(1)
        .offset(chunkRows - 1),
    );
    const bound = last?.[order];
    const rows = database.knex(table).where({ pipeline_id: id });
    await database.write([(bound === undefined ? rows : rows.where(order, '<=', bound)).delete()]);
    if (bound === undefined) return;
  }
}
