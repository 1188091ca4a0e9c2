import type { Knex } from 'knex';
import type { Task } from '../../model/task.js';
import { taskStatus } from '../../model/task.js';
import { toleratedAheadSeconds } from '../../runtime/silence.js';
import type { Database, Query } from '../database.js';
import type { QueryPlan } from '../driver.js';
import { writeIfHeld } from '../fenced-write.js';
import { requireMigrated } from '../schema/migrator.js';
import { probeDatabase, type DatabaseProbe } from './database-probe.js';
import { isSilentSql, isSilentOver, silenceLimitSql } from '../task-steps/silence.js';
import { inText, selectTasks, tasksQuery } from './task-rows.js';
import type { NarrowTasks } from './task-rows.js';

/** By which rule a running task counts as timed out, where its row does not say. */
export interface TimeoutRule {
  readonly timeoutSeconds: number;
  readonly heartbeatIntervalSeconds: number;
}

/** A judgement: who passes it, by which rule, and until when. */
export interface TimeoutVerdict {
  readonly rule: TimeoutRule;
  /** Stands in the `error` of each task that it ends, and in no other's: so the judge knows its own. */
  readonly reason: string;
  /** On the database's clock; a server that gets to the statement later changes nothing. */
  readonly deadline: string;
  /**
   * For how many seconds runs could be heard without a break; null where no break is known. A task is judged only if that
   * was long enough for three of its own heartbeats.
   */
  readonly heardForSeconds: number | null;
}

/** Tasks whose heartbeats one statement takes back. */
const takenBackAtOnce = 1_000;

/** The statements of a timeout monitor on `pipeline_task`. */
export class TimeoutStore {
  readonly #database: Database;
  #isMigrated = false;
  /** What has been sent to end tasks, while it is unknown which tasks it ended. */
  #unanswered: { readonly ids: readonly number[]; readonly reason: string } | null = null;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Asks the database for its clock and how long it is up; throws DatabaseUnreachableError and, at the first answer,
   * NotMigratedError.
   */
  async probe(): Promise<DatabaseProbe> {
    if (!this.#isMigrated) await requireMigrated(this.#database);
    this.#isMigrated = true;
    return probeDatabase(this.#database);
  }

  /** Counts the running tasks. */
  async countRunning(): Promise<number> {
    const [row] = await this.#database.read<{ running: number }[]>((knex) =>
      knex('pipeline_task').where({ status: taskStatus.running }).count({ running: '*' }),
    );
    return row?.running ?? 0;
  }

  /** Lists at most `limit` running tasks behind `afterId` that are silent for longer than their timeout, by id. */
  async listSilent(rule: TimeoutRule, afterId: number, limit: number): Promise<readonly Task[]> {
    return selectTasks(this.#database, await this.#narrowToSilent(rule, afterId, limit));
  }

  /** Asks how the database would run `listSilent`. */
  async explainSilent(rule: TimeoutRule, limit: number): Promise<QueryPlan> {
    const narrow = await this.#narrowToSilent(rule, 0, limit);
    return this.#database.explain(tasksQuery(this.#database, narrow));
  }

  /**
   * Takes back heartbeats that lie in the future (creations where there was none), as they do once the database's clock
   * was set back: who sent them was alive, but no later than now. Returns the tasks' ids. Rows of older programs are
   * theirs alone.
   */
  async takeBackAhead(): Promise<readonly number[]> {
    const { knex, dialect } = this.#database;
    const running = (): Knex.QueryBuilder => knex('pipeline_task').where({ status: taskStatus.running });
    const isAhead = (column: string): Knex.Raw => dialect.isAhead(knex, column, toleratedAheadSeconds);
    const ahead = (): Knex.QueryBuilder => whereLastSign(running(), isAhead).whereNotNull('heartbeat_interval');
    const rows = await this.#database.read<{ id: number }[]>(() => ahead().select('id').limit(takenBackAtOnce, inText));
    if (rows.length === 0) return [];
    const ids = await this.unlocked(rows.map(({ id }) => id));
    const now = dialect.now(knex);
    await this.#database.write([
      ahead().whereIn('id', ids).whereNotNull('last_heartbeat').update({ last_heartbeat: now }),
      ahead().whereIn('id', ids).whereNull('last_heartbeat').update({ create_time: now }),
    ]);
    return ids;
  }

  /** Returns those of the tasks whose rows nobody has locked at this moment. */
  async unlocked(ids: readonly number[]): Promise<readonly number[]> {
    const { dialect } = this.#database;
    const rows = await this.#database.read<{ id: number }[]>((knex) =>
      dialect.skipLocked(knex('pipeline_task').select('id').whereIn('id', ids)),
    );
    return rows.map(({ id }) => id);
  }

  /**
   * Fails those of the tasks that are running and silent for too long at the moment in which their rows are judged, with
   * one statement; returns them as they are now. Of several monitors each task is returned to one.
   */
  async fail(ids: readonly number[], verdict: TimeoutVerdict): Promise<readonly Task[]> {
    const { knex, dialect } = this.#database;
    this.#unanswered = { ids, reason: verdict.reason };
    const judged = this.#silent(knex('pipeline_task').whereIn('id', ids), verdict.rule)
      .whereRaw('? <= ?', [dialect.liveNow(knex), verdict.deadline])
      .where((heard) => this.#couldBeHeard(heard, verdict));
    const failing = judged.update({
      status: taskStatus.failed,
      end_time: dialect.now(knex),
      end_reason: 'timeout',
      error: verdict.reason,
    });
    if ((await this.#writeInTime(failing, verdict)) !== 0) return this.takeLost();
    this.#unanswered = null;
    return [];
  }

  /** Returns how many rows a statement changed: none where that took until the deadline had passed. */
  async #writeInTime(statement: Query, { deadline }: TimeoutVerdict): Promise<number> {
    const { knex, dialect } = this.#database;
    const fences = dialect.notAfter(knex, deadline).map((fence) => this.#database.fenced(fence));
    const results = await writeIfHeld(this.#database, [statement, ...fences]);
    return results?.[0]?.matched ?? 0;
  }

  /** Returns the tasks that the latest `fail` ended where its answer was lost, and nothing when asked again. */
  async takeLost(): Promise<readonly Task[]> {
    if (this.#unanswered === null) return [];
    const { ids, reason } = this.#unanswered;
    const ours = { status: taskStatus.failed, end_reason: 'timeout', error: reason };
    const tasks = await selectTasks(this.#database, (query) => query.whereIn('id', ids).where(ours).orderBy('id'));
    this.#unanswered = null;
    return tasks;
  }

  async #narrowToSilent(rule: TimeoutRule, afterId: number, limit: number): Promise<NarrowTasks> {
    const shortestSeconds = await this.#shortestTimeoutSeconds(rule);
    return (query) =>
      this.#silent(this.#quiet(query, shortestSeconds), rule)
        .where('id', '>', afterId)
        .orderBy('id')
        .limit(limit, inText);
  }

  #couldBeHeard(query: Knex.QueryBuilder, { heardForSeconds, rule }: TimeoutVerdict): void {
    if (heardForSeconds === null) return;
    const limit = silenceLimitSql(this.#database, rule.heartbeatIntervalSeconds);
    void query.whereRaw('? >= ?', [heardForSeconds, limit]);
  }

  /** The shortest timeout that any running task has; no task is silent for too long before that. */
  async #shortestTimeoutSeconds(rule: TimeoutRule): Promise<number> {
    const [row] = await this.#database.read<{ minutes: number | null }[]>((knex) =>
      knex('pipeline_task').where({ status: taskStatus.running }).min({ minutes: 'timeout_minutes' }),
    );
    return Math.min(rule.timeoutSeconds, (row?.minutes ?? Infinity) * 60);
  }

  /** Narrows a query to a range of the index, in which those that beat do not lie: there may be many. */
  #quiet(query: Knex.QueryBuilder, seconds: number): Knex.QueryBuilder {
    const { knex, dialect } = this.#database;
    return whereLastSign(query, (column) => dialect.isOlder(knex, column, seconds));
  }

  /**
   * A task's own timeout beats the rule's, and none is under three of its heartbeats.
   */
  #silent(query: Knex.QueryBuilder, rule: TimeoutRule): Knex.QueryBuilder {
    const timeout = this.#database.knex.raw('COALESCE(ROUND(timeout_minutes * 60000) / 1000, ?)', [
      rule.timeoutSeconds,
    ]);
    return query
      .where({ status: taskStatus.running })
      .whereRaw(isSilentOver(this.#database, timeout))
      .whereRaw(isSilentSql(this.#database, rule.heartbeatIntervalSeconds));
  }
}

/** Narrows a query to tasks whose last heartbeat fits, or their creation where there was none; an index serves. */
function whereLastSign(query: Knex.QueryBuilder, fits: (column: string) => Knex.Raw): Knex.QueryBuilder {
  return query.where((either) => {
    void either.whereRaw(fits('last_heartbeat'));
    void either.orWhere((never) => {
      void never.whereNull('last_heartbeat').whereRaw(fits('create_time'));
    });
  });
}
