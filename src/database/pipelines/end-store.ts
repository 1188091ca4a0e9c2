import type { Knex } from 'knex';
import { followsPattern } from '../../model/run-request.js';
import type { SinkWish } from '../../model/sink.js';
import { keptReason, taskStatus } from '../../model/task.js';
import type { EndVerdict, UnjudgedEnd } from '../../model/wanted.js';
import type { Database } from '../database.js';
import { writeIfHeld } from '../fenced-write.js';
import { livingTasks } from '../task-steps/living-tasks.js';
import { isDelivery, lockPipeline } from '../task-steps/queue-task.js';
import { queueUnheard } from '../task-steps/queue-unheard.js';
import { silence, silenceLimitSql } from '../task-steps/silence.js';
import { checkpointTask } from '../task-steps/unbegun.js';
import { toUnjudged, type UnjudgedRow } from './wanted-rows.js';

const table = 'pipeline_wanted';

/** A pipeline whose task had fallen silent, and beats again. */
export interface Revived {
  readonly pipelineId: number;
  readonly taskId: number;
}

/** How the tasks of started pipelines have ended, and what workers make of it: in `pipeline_wanted`, beside what people want. */
export class EndStore {
  readonly #database: Database;
  readonly #defaultIntervalSeconds: number;

  /** Running tasks that name no heartbeat interval are judged by the default. */
  constructor(database: Database, defaultIntervalSeconds: number) {
    this.#database = database;
    this.#defaultIntervalSeconds = defaultIntervalSeconds;
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
}
