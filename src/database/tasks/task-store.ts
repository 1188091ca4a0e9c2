import type { Knex } from 'knex';
import type { RunRequest } from '../../model/run-request.js';
import type { SinkWish } from '../../model/sink.js';
import type { Holder, Progress, Task } from '../../model/task.js';
import { keptReason, taskStatus } from '../../model/task.js';
import { NotFoundError } from '../../runtime/errors.js';
import type { Database, Query } from '../database.js';
import { writeIfHeld } from '../fenced-write.js';
import { endOpenTasks, isStarted, stopped, wantStopped } from '../task-steps/wanted-steps.js';
import { holdPipeline, insertQueued, insertSuccessor, lockPipeline } from '../task-steps/queue-task.js';
import { queueUnheard } from '../task-steps/queue-unheard.js';
import { runningTask } from '../task-steps/running-task.js';
import type { Statement } from '../script.js';
import { chunks } from '../../runtime/chunks.js';
import { claimSteps, endSteps, withUnbegun } from './claim-steps.js';
import type { ClaimRequest } from './claim-steps.js';
import { countTasks, listTasks } from './task-listing.js';
import type { TaskPageFilter } from './task-listing.js';
import { inText, keptProgress, selectTasks } from './task-rows.js';
import type { Beat } from './task-rows.js';

const table = 'pipeline_task';

export interface TaskOutcome {
  readonly status: typeof taskStatus.succeeded | typeof taskStatus.failed;
  readonly endReason: string;
  readonly error: string | null;
  /** Where it parks its pipeline: the newest block whose rows a rewind may keep. */
  readonly keepsBlock?: number | null | undefined;
}

/** A statement looks for each of its rows among all of its tasks, and SQLite takes 32,766 bindings: many beats take several. */
const beatsPerStatement = 250;

/** The end of a task that another goes on for: no fault of its own. */
const handOverOutcome = { status: taskStatus.succeeded, endReason: 'handed_over', error: null } as const;

/** What a task that ends has done for the sinks of its pipeline. */
export interface Delivered {
  readonly pipelineId: number;
  readonly heard: readonly SinkWish[];
}

/** A running task that another goes on for. */
export interface HandOver {
  readonly id: number;
  readonly pipelineId: number;
  readonly shard?: number | undefined;
  readonly progress: Progress | null;
  /** What the other one is to run with. */
  readonly request: RunRequest;
}

/** The rows of `pipeline_task`. A row belongs to one process from start to end, and its final states are final. */
export class TaskStore {
  readonly #database: Database;
  readonly #holder: Holder | null;

  /** `holder`: the process whose tasks are renewed, ended and handed over; left out: whoever’s they are. */
  constructor(database: Database, holder: Holder | null = null) {
    this.#database = database;
    this.#holder = holder;
  }

  /** Returns a task; throws NotFoundError. */
  async get(id: number): Promise<Task> {
    const rows = await selectTasks(this.#database, (query) => query.where({ id }));
    if (rows[0] === undefined) throw new NotFoundError(`there is no task ${id}`, { hint: 'chainparse tasks list' });
    return rows[0];
  }

  /**
   * Returns the newest task of a pipeline that has begun, or null. Ids tell which is newer, but a task that had waited may
   * have begun after one with a higher id: while none of a higher id runs, the one that the checkpoint names is the newest.
   * The same for a shard, which names its task itself.
   */
  async getNewest(pipelineId: number, shard = 0): Promise<Task | null> {
    const begun = (query: Knex.QueryBuilder): Knex.QueryBuilder =>
      query.where({ pipeline_id: pipelineId, shard }).whereNot({ status: taskStatus.queued });
    const [newest] = await selectTasks(this.#database, (query) => begun(query).orderBy('id', 'desc').limit(1, inText));
    if (newest === undefined || newest.status === taskStatus.running) return newest ?? null;
    const { knex } = this.#database;
    const named =
      shard === 0
        ? knex('pipeline_checkpoint').select('task_id').where({ pipeline_id: pipelineId })
        : knex('pipeline_shard').select('task_id').where({ pipeline_id: pipelineId, shard });
    const [holder] = await selectTasks(this.#database, (query) => begun(query).where('id', named));
    return holder ?? newest;
  }

  /** Lists tasks, newest first, and counts all that fit the filter. */
  async list(filter: TaskPageFilter): Promise<{ readonly tasks: readonly Task[]; readonly total: number }> {
    return { tasks: await listTasks(this.#database, filter), total: await countTasks(this.#database, filter) };
  }

  /** Counts tasks by status and reason of their end. */
  async count(): Promise<
    readonly { readonly status: number; readonly endReason: string | null; readonly count: number }[]
  > {
    const rows = await this.#database.read<{ status: number; end_reason: string | null; count: number }[]>((knex) =>
      knex(table).select('status', 'end_reason').count({ count: '*' }).groupBy('status', 'end_reason'),
    );
    return rows.map((row) => ({ status: row.status, endReason: row.end_reason, count: row.count }));
  }

  /**
   * Makes a task the holder of its pipeline, or of a shard, and returns its id: ends what it replaces, inserts its row, or begins
   * the one that has waited, and names it in the checkpoint, or in the shard, in one transaction. Throws FenceError where what `request` was decided
   * on is no longer so.
   */
  async claim(request: ClaimRequest): Promise<number> {
    const ends = endSteps(this.#database, request);
    const steps = claimSteps(this.#database, await withUnbegun(this.#database, request));
    const results = await this.#database.write([...ends, ...steps]);
    return request.queuedTaskId ?? results[ends.length]?.insertId ?? 0;
  }

  /**
   * Begins several tasks that have waited, in one transaction: all of them or none. Throws FenceError where what one of the requests was
   * decided on is no longer so.
   */
  async claimAll(requests: readonly (ClaimRequest & { readonly queuedTaskId: number })[]): Promise<void> {
    // In one order, so that two processes don't wait for each other.
    const ordered = requests.toSorted((a, b) => a.pipelineId - b.pipelineId || (a.shard ?? 0) - (b.shard ?? 0));
    const whole = await Promise.all(ordered.map((request) => withUnbegun(this.#database, request)));
    const stepsOf = (request: ClaimRequest): readonly (Query | Statement)[] => [
      ...endSteps(this.#database, request),
      ...claimSteps(this.#database, request),
    ];
    await this.#database.write(whole.flatMap(stepsOf));
  }

  /**
   * Renews the leases of running tasks, on the database's clock, in one script, and keeps the progress of those that
   * moved. Returns the ids of those that are not running any more, or are another's.
   */
  async renew(beats: readonly Beat[]): Promise<readonly number[]> {
    const ordered = beats.toSorted((a, b) => a.taskId - b.taskId);
    const renewals = chunks(ordered, beatsPerStatement).map((part) => this.#renewal(part));
    const results = await this.#database.writeUrgently(renewals);
    const matched = results.reduce((sum, result) => sum + result.matched, 0);
    return matched === ordered.length ? [] : this.#findLost(ordered.map(({ taskId }) => taskId));
  }

  #renewal(beats: readonly Beat[]): Query {
    const { knex, dialect } = this.#database;
    const ids = beats.map(({ taskId }) => taskId);
    const running = this.#running().whereIn('id', ids);
    return running.update({ last_heartbeat: dialect.now(knex), ...keptProgress(knex, beats) });
  }

  /** Finds those that are not running in the way that beats go, not by a read, which might wait for the pool. */
  async #findLost(ids: readonly number[]): Promise<readonly number[]> {
    const { knex, dialect } = this.#database;
    const now = dialect.now(knex);
    const beat = (id: number): Query => this.#running().where({ id }).update({ last_heartbeat: now });
    const results = ids.length === 1 ? [] : await this.#database.writeUrgently(ids.map(beat));
    return ids.filter((_id, i) => (results[i]?.matched ?? 0) === 0);
  }

  /** Lists those of the tasks that are not running any more, or are another's, without renewing the others. */
  async listEnded(ids: readonly number[]): Promise<readonly number[]> {
    const rows = await this.#database.read<{ id: number }[]>(() => this.#running().select('id').whereIn('id', ids));
    const alive = new Set(rows.map(({ id }) => id));
    return ids.filter((id) => !alive.has(id));
  }

  /**
   * Ends a running task; returns false where it had ended already, or is another's. What its pipeline's sinks were asked that it
   * has not heard is delivered by a task that waits from then on.
   */
  async finish(
    id: number,
    outcome: TaskOutcome,
    progress: Progress | null,
    delivered: Delivered | null = null,
  ): Promise<boolean> {
    const kept = progress === null ? {} : { progress: JSON.stringify(progress) };
    const ending = this.#running().where({ id });
    const end = ending.update({ ...this.#ended(outcome), ...kept });
    if (delivered === null) {
      const [result] = await this.#database.write([end]);
      return result?.matched === 1;
    }
    const { pipelineId, heard } = delivered;
    const results = await writeIfHeld(this.#database, [
      holdPipeline(this.#database, pipelineId),
      this.#database.fenced(end),
      queueUnheard(this.#database, pipelineId, heard),
    ]);
    return results !== null;
  }

  /**
   * Ends a task that runs or waits because a person said so, and what is wanted of its pipeline with it; returns false where
   * it had ended already. A pipeline that is started, or whose history is read in shards, is one thing: its tasks end together.
   */
  async cancel(id: number): Promise<boolean> {
    const { knex } = this.#database;
    const open = knex(table).where({ id }).whereIn('status', [taskStatus.running, taskStatus.queued]);
    const [task] = await selectTasks(this.#database, (query) => query.where({ id }));
    if (task === undefined) return false;
    const { pipelineId, shard = 0 } = task;
    const others = endOpenTasks(this.#database, pipelineId);
    const started = isStarted(this.#database, pipelineId);
    if (shard === 0) void others.where((each) => void each.where('shard', '>', 0).orWhereExists(started));
    const results = await writeIfHeld(this.#database, [
      // What workers queue at the same time is there by now, or is no longer wanted. The pipeline itself may be gone.
      holdPipeline(this.#database, pipelineId),
      this.#database.fenced(open.update(stopped(this.#database))),
      others,
      wantStopped(this.#database, pipelineId),
    ]);
    return results !== null;
  }

  /**
   * Ends a running task whose process ends, and makes the one that goes on for it, in one transaction: nobody has to find
   * out by silence. Returns false, with nothing written, where it had ended already.
   */
  async handOver(end: HandOver): Promise<boolean> {
    return (await writeIfHeld(this.#database, this.#handOverSteps(end))) !== null;
  }

  /** Hands several tasks over, in one transaction: all of them or none. Throws FenceError where one had ended already. */
  async handOverAll(ends: readonly HandOver[]): Promise<void> {
    // In one order, so that two processes don't wait for each other.
    const ordered = ends.toSorted((a, b) => a.pipelineId - b.pipelineId || (a.shard ?? 0) - (b.shard ?? 0));
    await this.#database.write(ordered.flatMap((end) => this.#handOverSteps(end)));
  }

  #handOverSteps({ id, pipelineId, shard, progress, request }: HandOver): readonly (Query | Statement)[] {
    const kept = progress === null ? {} : { progress: JSON.stringify(progress) };
    const ending = this.#running().where({ id });
    return [
      lockPipeline(this.#database, pipelineId),
      this.#database.fenced(ending.update({ ...this.#ended(handOverOutcome), ...kept })),
      ...(shard === undefined
        ? insertSuccessor(this.#database, pipelineId, request)
        : [insertQueued(this.#database, pipelineId, request, undefined, shard)]),
    ];
  }

  #running(): Knex.QueryBuilder {
    return runningTask(this.#database, this.#holder);
  }

  #ended(outcome: TaskOutcome): Record<string, unknown> {
    const { knex, dialect } = this.#database;
    return {
      status: outcome.status,
      end_time: dialect.now(knex),
      end_reason: outcome.endReason,
      ...(outcome.keepsBlock === undefined ? {} : { keeps_block: outcome.keepsBlock }),
      error: keptReason(outcome.error),
    };
  }
}
