import type { Knex } from 'knex';
import { followsPattern } from '../../model/run-request.js';
import { keptReason, taskStatus } from '../../model/task.js';
import type { SinkWish } from '../../model/sink.js';
import type { Slot } from '../../model/slot.js';
import type { EndVerdict, UnjudgedEnd, Wanted } from '../../model/wanted.js';
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
import { queueUnheard } from '../task-steps/queue-unheard.js';
import { silence, silenceLimitSql } from '../task-steps/silence.js';
import { disabledProblem } from './delete-pipeline.js';
import { noteSlot } from './slot-store.js';
import { checkpointTask, findUnbegun, isAsFound } from './unbegun.js';
import { toUnjudged, toWanted, type UnjudgedRow, type WantedRow } from './wanted-rows.js';
import { endOpenTasks, isDue, nextStart, nothingWrong } from '../task-steps/wanted-steps.js';

const table = 'pipeline_wanted';

/** What became of a start. */
interface Started {
  /** The task that waits for a worker; null: one waits already, or lives. */
  readonly queuedTaskId: number | null;
  /** Tasks that were ended. */
  readonly ended: number;
}

/** A pipeline whose task had fallen silent, and beats again. */
export interface Revived {
  readonly pipelineId: number;
  readonly taskId: number;
}

/** What people want of pipelines: a row of `pipeline_wanted` for each that was ever started. */
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

  /** Lists started pipelines behind `afterId` that should run and don't, while nobody has judged why: by id, in one statement. */
  listUnjudged(afterId: number, limit: number): Promise<readonly UnjudgedEnd[]> {
    return this.#listEnds(afterId, limit, (ends) => ends.whereNull('wanted.next_start'));
  }

  /**
   * Lists started pipelines behind `afterId` that wait for a time of their schedule, and of which a task that was to deliver until
   * then has failed, or fallen silent: by id, in one statement.
   */
  listDroppedDeliveries(afterId: number, limit: number): Promise<readonly UnjudgedEnd[]> {
    return this.#listEnds(afterId, limit, (ends) =>
      isDelivery(ends, true).whereNotNull('wanted.next_start_of').whereNot('task.status', taskStatus.succeeded),
    );
  }

  /** Lists the newest tasks of started pipelines that nobody runs, nothing waits for, and that no person has to mend. */
  async #listEnds(
    afterId: number,
    limit: number,
    narrow: (ends: Knex.QueryBuilder) => Knex.QueryBuilder,
  ): Promise<readonly UnjudgedEnd[]> {
    const { knex } = this.#database;
    const id = knex.raw('??', ['wanted.pipeline_id']);
    const own = { 'waiting.pipeline_id': id, 'waiting.shard': 0 };
    const queued = knex({ waiting: 'pipeline_task' }).where({ ...own, 'waiting.status': taskStatus.queued });
    const rows = await this.#database.read<UnjudgedRow[]>(() =>
      narrow(knex({ wanted: table }))
        // Older versions could leave the wish for a pipeline that is deleted.
        .join('pipeline', 'pipeline.id', 'wanted.pipeline_id')
        .leftJoin({ checkpoint: 'pipeline_checkpoint' }, 'checkpoint.pipeline_id', 'wanted.pipeline_id')
        .leftJoin({ task: 'pipeline_task' }, 'task.id', 'checkpoint.task_id')
        .where('wanted.state', 'started')
        .whereNull('wanted.held_reason')
        .where('wanted.pipeline_id', '>', afterId)
        .whereNotExists(queued.select(knex.raw('1')))
        .whereNotExists(livingTasks(this.#database, id, this.#defaultIntervalSeconds).select(knex.raw('1')))
        .orderBy('wanted.pipeline_id')
        .limit(limit)
        .select('wanted.*', 'checkpoint.version', {
          task_id: 'task.id',
          status: 'task.status',
          end_reason: 'task.end_reason',
          error: 'task.error',
          run_options: 'task.run_options',
          progress: 'task.progress',
          heartbeat_interval: 'task.heartbeat_interval',
          over_for: this.#overFor(),
        }),
    );
    return rows.map(toUnjudged);
  }

  /** How many seconds ago a task has ended, or had been silent for as long as is borne. */
  #overFor(): Knex.Raw {
    const { knex, dialect } = this.#database;
    const limit = silenceLimitSql(this.#database, this.#defaultIntervalSeconds, 'task');
    const ended = dialect.secondsSince(knex, 'task.end_time');
    return knex.raw('COALESCE(?, ? - ?)', [ended, silence(this.#database, 'task'), limit]);
  }

  /**
   * Writes down what follows from an end; returns false where another has judged it, it is not how things stand any more, or a
   * person has changed what is wanted: a start leaves the row as it was, but not the tasks. Where the sinks are named of which
   * nothing is to come, what is to come of others, or is asked meanwhile, is delivered by a task.
   */
  async judge(end: UnjudgedEnd, verdict: EndVerdict, served: readonly SinkWish[] | null = null): Promise<boolean> {
    const { knex, dialect } = this.#database;
    const { pipelineId, task } = end;
    const row = knex(table)
      .where({ pipeline_id: pipelineId, state: 'started', failures: end.failures })
      .whereNull('next_start')
      .whereNull('held_reason')
      .whereRaw(dialect.sameAs(knex, 'judged_task_id', end.judgedTaskId));
    const queued = knex('pipeline_task').where({ pipeline_id: pipelineId, shard: 0, status: taskStatus.queued });
    const living = livingTasks(this.#database, pipelineId, this.#defaultIntervalSeconds);
    for (const open of [queued, living]) void row.whereNotExists(open.select(knex.raw('1')));
    const named = checkpointTask(this.#database, pipelineId).select(knex.raw('1'));
    if (task === null) void row.whereNotExists(named);
    else void row.whereExists(named.where({ 'task.id': task.id, 'task.status': task.status }));
    const judged = { judged_task_id: task?.id ?? null, judged_version: end.version };
    const results = await writeIfHeld(this.#database, [
      // What others have queued, or taken back, is seen only by a statement that begins behind theirs.
      lockPipeline(this.#database, pipelineId),
      this.#database.fenced(row.update({ ...judged, ...this.#consequence(verdict) })),
      ...(served === null ? [] : [queueUnheard(this.#database, pipelineId, served)]),
    ]);
    return results !== null;
  }

  /** Lists some started pipelines for which a task waits because theirs was judged silent, which beats again. */
  async listRevived(limit: number): Promise<readonly Revived[]> {
    const rows = await this.#database.read<{ pipeline_id: number; task_id: number }[]>((knex) => {
      const id = knex.raw('??', ['wanted.pipeline_id']);
      const living = livingTasks(this.#database, id, this.#defaultIntervalSeconds);
      const followers = knex({ waiting: 'pipeline_task' })
        .where('waiting.pipeline_id', id)
        .where({ 'waiting.shard': 0, 'waiting.status': taskStatus.queued })
        .where('waiting.run_options', 'like', followsPattern);
      return (
        knex({ wanted: table })
          .where('wanted.state', 'started')
          // What was queued for a time of a schedule is run once, be it later.
          .whereNull('wanted.last_slot')
          .whereExists(followers.select(knex.raw('1')))
          .whereExists(living.where('living.id', knex.ref('wanted.judged_task_id')).select(knex.raw('1')))
          .orderBy('wanted.pipeline_id')
          .limit(limit)
          .select('wanted.pipeline_id', { task_id: 'wanted.judged_task_id' })
      );
    });
    return rows.map(({ pipeline_id: pipelineId, task_id: taskId }) => ({ pipelineId, taskId }));
  }

  /**
   * Takes back the task that workers queued to follow one that beats again: its end, when it comes, is another. Returns false
   * where that is no longer so, or another worker has.
   */
  async takeBack({ pipelineId, taskId }: Revived): Promise<boolean> {
    const { knex } = this.#database;
    const living = livingTasks(this.#database, pipelineId, this.#defaultIntervalSeconds);
    const judged = knex(table)
      .where({ pipeline_id: pipelineId, state: 'started', judged_task_id: taskId })
      .whereExists(living.where('living.id', taskId).select(knex.raw('1')))
      .update({ judged_task_id: null });
    const follower = knex('pipeline_task')
      .where({ pipeline_id: pipelineId, shard: 0, status: taskStatus.queued })
      .where('run_options', 'like', followsPattern)
      .delete();
    const lock = lockPipeline(this.#database, pipelineId);
    const results = await writeIfHeld(this.#database, [lock, this.#database.fenced(judged), follower]);
    return results?.at(-1)?.matched === 1;
  }

  #consequence(verdict: EndVerdict): Record<string, unknown> {
    const { knex, dialect } = this.#database;
    switch (verdict.kind) {
      case 'again':
        return { failures: verdict.failures, next_start: dialect.secondsAgo(knex, -verdict.inSeconds) };
      case 'scheduled': {
        const { at, of, skipped } = verdict.slot;
        const noted = skipped === null ? {} : { skipped_slot: skipped };
        return { failures: 0, next_start: at, next_start_of: of, ...noted };
      }
      case 'held':
        return { failures: verdict.failures, held_reason: keptReason(verdict.reason) };
      case 'done':
        return { failures: 0, state: 'stopped', since: dialect.now(knex) };
    }
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
