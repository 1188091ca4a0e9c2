import type { Knex } from 'knex';
import { taskStatus } from '../../model/task.js';
import type { Slot } from '../../model/slot.js';
import type { Wanted } from '../../model/wanted.js';
import type { Database, Query } from '../database.js';
import { writeIfHeld } from '../fenced-write.js';
import type { StepResult } from '../script.js';
import { livingTasks } from '../task-steps/living-tasks.js';
import {
  insertedId,
  handOverRunning,
  insertQueued,
  isDelivery,
  isWhole,
  lockPipeline,
  readBeside,
  writeLocked,
} from '../task-steps/queue-task.js';
import { disabledProblem } from './delete-pipeline.js';
import { noteSlot } from './slot-store.js';
import { checkpointTask, findUnbegun, isAsFound } from '../task-steps/unbegun.js';
import { toWanted, type WantedRow } from './wanted-rows.js';
import { endOpenTasks, isDue, nextStart, nothingWrong } from '../task-steps/wanted-steps.js';

const table = 'pipeline_wanted';

/** What became of a start. */
interface Started {
  /** The task that waits for a worker; null: one waits already, or lives. */
  readonly queuedTaskId: number | null;
  /** Tasks that were ended. */
  readonly ended: number;
}

/** What people want of pipelines, a row of `pipeline_wanted` for each that was ever started, and the tasks that are queued for it. */
export class WantedStore {
  readonly #database: Database;
  readonly #defaultIntervalSeconds: number;

  /** Running tasks that name no heartbeat interval are judged by the default. */
  constructor(database: Database, defaultIntervalSeconds: number) {
    this.#database = database;
    this.#defaultIntervalSeconds = defaultIntervalSeconds;
  }

  /** Returns what is wanted of a pipeline; null where it was never started. */
  async get(pipelineId: number): Promise<Wanted | null> {
    const [wanted] = await this.#select((query) => query.where('wanted.pipeline_id', pipelineId));
    return wanted ?? null;
  }

  /** Lists what is wanted of all pipelines that were ever started, by id. */
  list(): Promise<readonly Wanted[]> {
    return this.#select((query) => query.orderBy('wanted.pipeline_id'));
  }

  /**
   * Wants a pipeline to run, and lets go what held it: a task is queued at once or, where it has a schedule, at a time of it,
   * unless one waits, or one lives that was asked for all of it. Throws NotFoundError, and ConflictError where it is disabled by now.
   */
  async start(pipelineId: number, slot: Slot | null = null): Promise<Started> {
    // What it waits to begin anew with is not given up by who has it begin at once.
    if (slot === null && (await findUnbegun(this.#database, pipelineId, this.#defaultIntervalSeconds)) !== null) {
      const { knex, dialect } = this.#database;
      const due = knex(table)
        .where({ pipeline_id: pipelineId })
        .update({ next_start: dialect.now(knex) });
      await this.#writeEnabled(pipelineId, [...this.#wantStarted(pipelineId), due]);
      return { queuedTaskId: await this.queueDue(pipelineId), ended: 0 };
    }
    const results = await this.#writeEnabled(pipelineId, [
      ...this.#wantStarted(pipelineId),
      ...(slot === null
        ? [...readBeside(this.#database, pipelineId), this.#queueUnlessWhole(pipelineId)]
        : // What is delivered meanwhile goes on until its time has come.
          [this.#waitUnlessOpen(pipelineId, slot)]),
    ]);
    return { queuedTaskId: slot === null ? insertedId(results) : null, ended: 0 };
  }

  /**
   * As `start`, but what runs is handed over to a new task, which goes on from the checkpoint, or is asked for the same where that
   * was to begin anew, and has not. Throws as `start`.
   */
  async restart(pipelineId: number): Promise<Started> {
    const left = await findUnbegun(this.#database, pipelineId, this.#defaultIntervalSeconds, { orRuns: true });
    const wish = left?.wish ?? {};
    // What runs may have begun since it was read: it no longer can, now that it is ended.
    const begun =
      left && checkpointTask(this.#database, pipelineId).whereRaw('NOT (?)', [isAsFound(this.#database, left)]);
    const results = await this.#writeEnabled(pipelineId, [
      handOverRunning(this.#database, pipelineId),
      ...this.#wantStarted(pipelineId),
      ...readBeside(this.#database, pipelineId, wish),
      insertQueued(this.#database, pipelineId, wish, begun ?? undefined),
      insertQueued(this.#database, pipelineId, {}),
    ]);
    const queuedTaskId = insertedId(results.slice(0, -1)) ?? insertedId(results);
    return { queuedTaskId, ended: results[1]?.matched ?? 0 };
  }

  /** Wants a pipeline not to run, and ends its tasks that run or wait, as stopped; returns how many. Throws NotFoundError. */
  async stop(pipelineId: number): Promise<number> {
    const { knex, dialect } = this.#database;
    const stopped = { state: 'stopped', since: dialect.now(knex), next_start: null, ...nothingWrong };
    // Also of one that was never started: whoever stops it has taken note of its failure.
    const row = knex(table).insert({ pipeline_id: pipelineId, ...stopped });
    const results = await writeLocked(this.#database, pipelineId, [
      endOpenTasks(this.#database, pipelineId),
      row.onConflict('pipeline_id').merge(stopped),
    ]);
    return results[1]?.matched ?? 0;
  }

  /** Queues a task that reads nothing and delivers what is due; returns its id, null where one waits or lives. */
  async queueDelivery(pipelineId: number): Promise<number | null> {
    const living = livingTasks(this.#database, pipelineId, this.#defaultIntervalSeconds);
    const queue = insertQueued(this.#database, pipelineId, { deliverOnly: true }, living);
    return insertedId(await writeLocked(this.#database, pipelineId, [queue]));
  }

  /** Lists some started pipelines of which a task is to be queued by now; an index finds them. */
  async listDue(limit: number): Promise<readonly number[]> {
    const rows = await this.#database.read<{ pipeline_id: number }[]>((knex) =>
      knex(table)
        .where({ state: 'started' })
        .whereNotNull('next_start')
        .whereRaw(isDue(this.#database))
        .whereIn('pipeline_id', knex('pipeline').select('id'))
        .orderBy('next_start')
        .limit(limit)
        .select('pipeline_id'),
    );
    return rows.map((row) => row.pipeline_id);
  }

  /**
   * Queues a task of a pipeline that is due; of several workers one does. Where the one before it was to begin anew, and came to
   * nothing, it is asked for the same. Returns its id; null where another has, one lives, or what was read is no longer so.
   */
  async queueDue(pipelineId: number): Promise<number | null> {
    const { knex } = this.#database;
    const due = knex(table).where({ pipeline_id: pipelineId, state: 'started' }).whereRaw(isDue(this.#database));
    const left = await findUnbegun(this.#database, pipelineId, this.#defaultIntervalSeconds);
    if (left !== null) {
      // It may have been frozen, and have begun by now.
      const asFound = checkpointTask(this.#database, pipelineId).whereRaw(isAsFound(this.#database, left));
      void due.whereExists(asFound.select(knex.raw('1')));
    }
    const wish = left?.wish ?? {};
    // A silent task that beats again: when it ends, that is another end.
    const revived = knex(table)
      .where({ pipeline_id: pipelineId })
      .whereExists(livingTasks(this.#database, pipelineId, this.#defaultIntervalSeconds).select(knex.raw('1')))
      .update({ judged_task_id: null });
    const results = await writeIfHeld(this.#database, [
      lockPipeline(this.#database, pipelineId),
      noteSlot(this.#database, pipelineId, this.#open(pipelineId)),
      this.#database.fenced(due.update({ next_start: null, next_start_of: null })),
      revived,
      ...readBeside(this.#database, pipelineId, wish),
      insertQueued(this.#database, pipelineId, { ...wish, follows: true }, this.#reading(pipelineId)),
    ]);
    return results === null ? null : insertedId(results);
  }

  /** A pipeline that is disabled, or about to be deleted, since somebody looked must not be wanted. */
  async #writeEnabled(pipelineId: number, steps: readonly Query[]): Promise<readonly StepResult[]> {
    const lock = lockPipeline(this.#database, pipelineId, { enabled: true });
    const results = await writeIfHeld(this.#database, [lock, ...steps]);
    if (results !== null) return results;
    await writeLocked(this.#database, pipelineId, []);
    throw await disabledProblem(this.#database, pipelineId);
  }

  #wantStarted(pipelineId: number): readonly Query[] {
    const { knex, dialect } = this.#database;
    const now = dialect.now(knex);
    const row = knex(table).where({ pipeline_id: pipelineId });
    return [
      knex(table).insert({ pipeline_id: pipelineId, state: 'stopped', since: now }).onConflict('pipeline_id').ignore(),
      row.clone().where({ state: 'stopped' }).update({ since: now }),
      row.update({ state: 'started', next_start: null, last_slot: null, ...nothingWrong }),
    ];
  }

  #waitUnlessOpen(pipelineId: number, { at, of }: Slot): Query {
    const row = this.#database.knex(table).where({ pipeline_id: pipelineId });
    for (const open of this.#open(pipelineId)) void row.whereNotExists(open);
    return row.update({ next_start: at, next_start_of: of });
  }

  /** The tasks of a pipeline that live or wait, and not to deliver only. */
  #open(pipelineId: number): readonly Knex.QueryBuilder[] {
    const { knex } = this.#database;
    const own = { pipeline_id: pipelineId, shard: 0 };
    const queued = knex('pipeline_task').where({ ...own, status: taskStatus.queued });
    return [this.#reading(pipelineId), isDelivery(queued, false)].map((open) => open.select(knex.raw('1')));
  }

  #reading(pipelineId: number): Knex.QueryBuilder {
    return isDelivery(livingTasks(this.#database, pipelineId, this.#defaultIntervalSeconds), false);
  }

  /** What was asked to read a part only, or nothing, ends before there is nothing left to do. */
  #queueUnlessWhole(pipelineId: number): Query {
    const living = livingTasks(this.#database, pipelineId, this.#defaultIntervalSeconds);
    return insertQueued(this.#database, pipelineId, {}, isWhole(living));
  }

  async #select(narrow: (query: Knex.QueryBuilder) => Knex.QueryBuilder): Promise<readonly Wanted[]> {
    const rows = await this.#database.read<WantedRow[]>((knex) => {
      const waitingFor = knex({ waiting: 'pipeline_task' })
        .where('waiting.pipeline_id', knex.raw('??', ['wanted.pipeline_id']))
        .where({ 'waiting.status': taskStatus.queued, 'waiting.shard': 0 })
        .orderBy('waiting.id')
        .limit(1)
        .select('waiting.waiting_for');
      const version = knex({ checkpoint: 'pipeline_checkpoint' })
        .where('checkpoint.pipeline_id', knex.raw('??', ['wanted.pipeline_id']))
        .select('checkpoint.version');
      return narrow(
        knex({ wanted: table }).select('wanted.*', {
          ...{ starts_at: nextStart(this.#database), waiting_for: waitingFor, version },
        }),
      );
    });
    return rows.map(toWanted);
  }
}
