import type { Knex } from 'knex';
import type { Alert, AlertCondition } from '../../model/alert.js';
import { alertKey } from '../../model/alert.js';
import { taskStatus } from '../../model/task.js';
import { NotFoundError } from '../../runtime/errors.js';
import { selectAlerts } from './alert-rows.js';
import type { StoredAlert } from './alert-rows.js';
import type { Database, Query } from '../database.js';

const table = 'alert';

/** Who raises an alert, and when it is told again. */
export interface RaiseOptions {
  readonly worker: string;
  /** After how long an alert that still stands is told again; null: never. */
  readonly repeatSeconds: number | null;
  /** For how long it has stood already. */
  readonly openSeconds: number;
}

/** It was raised, is to be told again, or stands and has been told; which alert it is, where that is known. */
export interface Raised {
  readonly outcome: 'raised' | 'repeated' | 'standing';
  readonly alertId: number | null;
}

/** The rows of `alert`. Of all processes that find the same thing wrong, one raises the alert, repeats it, clears it. */
export class AlertStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Raises the alert of a condition, or repeats the one that stands where that is due. About a task that has ended nobody
   * is alerted: who finds something wrong with it has not heard of its end.
   */
  async raise(condition: AlertCondition, options: RaiseOptions): Promise<Raised> {
    if (await this.#hasEnded(condition.taskId)) return { outcome: 'standing', alertId: null };
    const { rule, subject } = condition;
    const [newest] = await this.#select((query) => query.where({ rule, subject }).orderBy('id', 'desc').limit(1));
    if (newest?.clearTime === null) return this.#repeat(newest, condition, options);
    if (newest !== undefined && isMuted(newest, options)) return { outcome: 'standing', alertId: newest.id };
    const row = { ...this.#row(condition, options), open_key: alertKey(condition) };
    const insert = this.#database.knex(table).insert(row).onConflict('open_key').ignore();
    const [result] = await this.#database.write([insert]);
    if (result?.matched !== 1) return { outcome: 'standing', alertId: null };
    return { outcome: 'raised', alertId: result.insertId };
  }

  /** Keeps an alert that is over already; does nothing where another process has kept one of the same time. */
  async record(
    condition: AlertCondition,
    options: RaiseOptions & { readonly clearedSecondsAgo: number },
  ): Promise<void> {
    const { rule, subject } = condition;
    const [newest] = await this.#select((query) => query.where({ rule, subject }).orderBy('id', 'desc').limit(1));
    if (newest !== undefined && (newest.clearedSecondsAgo ?? 0) <= options.openSeconds) return;
    const { knex, dialect } = this.#database;
    const clear_time = dialect.secondsAgo(knex, options.clearedSecondsAgo);
    const row = { ...this.#row(condition, options), clear_time, cleared_by: 'over' };
    await this.#database.write([knex(table).insert(row)]);
  }

  /** Clears the open alert of that key because it is over; returns it, or null where none stands or another was faster. */
  async clear(key: string): Promise<Alert | null> {
    const [open] = await this.#select((query) => query.where({ open_key: key }));
    if (open === undefined) return null;
    return (await this.#clear('over', (query) => query.where({ id: open.id }))) === 1 ? open : null;
  }

  /** Clears an alert because a person says so; returns false where it had been cleared. Throws NotFoundError. */
  async dismiss(id: number): Promise<boolean> {
    await this.get(id);
    return (await this.#clear('person', (query) => query.where({ id }))) === 1;
  }

  /** Clears all open alerts because a person says so; returns how many. */
  dismissAll(): Promise<number> {
    return this.#clear('person', (query) => query);
  }

  /** Returns an alert; throws NotFoundError. */
  async get(id: number): Promise<Alert> {
    const [alert] = await this.#select((query) => query.where({ id }));
    if (alert === undefined)
      throw new NotFoundError(`there is no alert ${id}`, { hint: 'chainparse alerts list --all' });
    return alert;
  }

  /** Lists alerts, newest first, the open ones or all, and counts them. */
  async list(filter: { readonly all: boolean; readonly limit: number }): Promise<{
    readonly alerts: readonly Alert[];
    readonly total: number;
  }> {
    const fits = (query: Knex.QueryBuilder): Knex.QueryBuilder => (filter.all ? query : query.whereNotNull('open_key'));
    const alerts = await this.#select((query) => fits(query).orderBy('id', 'desc').limit(filter.limit));
    const [count] = await this.#database.read<{ total: number }[]>((knex) => fits(knex(table)).count({ total: '*' }));
    return { alerts, total: count?.total ?? 0 };
  }

  /** Lists the open alerts about tasks that have ended or are gone, or have beaten since the alert was raised. */
  listOver(): Promise<readonly Alert[]> {
    return this.#select((query) =>
      query
        .leftJoin('pipeline_task', 'pipeline_task.id', 'alert.task_id')
        .whereNotNull('alert.open_key')
        .whereNotNull('alert.task_id')
        .where((over) => {
          void over.whereNull('pipeline_task.id').orWhereNot('pipeline_task.status', taskStatus.running);
          void over.orWhere('pipeline_task.last_heartbeat', '>', this.#database.knex.ref('alert.create_time'));
        }),
    );
  }

  async #hasEnded(taskId: number | null): Promise<boolean> {
    if (taskId === null) return false;
    const [task] = await this.#database.read<{ status: number }[]>((knex) =>
      knex('pipeline_task').select('status').where({ id: taskId }),
    );
    return task !== undefined && task.status !== taskStatus.running;
  }

  async #repeat(open: StoredAlert, condition: AlertCondition, options: RaiseOptions): Promise<Raised> {
    const { knex, dialect } = this.#database;
    const standing = { outcome: 'standing', alertId: open.id } as const;
    if (options.repeatSeconds === null) return standing;
    const due = knex(table)
      .where({ id: open.id })
      .whereNotNull('open_key')
      .whereRaw(dialect.isOlder(knex, 'notify_time', options.repeatSeconds));
    const [result] = await this.#database.write([
      due.update({
        notify_time: dialect.now(knex),
        notifications: knex.raw('notifications + 1'),
        message: condition.message,
        details: JSON.stringify(condition.details),
      }),
    ]);
    return result?.matched === 1 ? { outcome: 'repeated', alertId: open.id } : standing;
  }

  async #clear(clearedBy: string, narrow: (query: Knex.QueryBuilder) => Query): Promise<number> {
    const { knex, dialect } = this.#database;
    const values = { open_key: null, clear_time: dialect.now(knex), cleared_by: clearedBy };
    const open = knex(table).whereNotNull('open_key').update(values);
    const [result] = await this.#database.write([narrow(open)]);
    return result?.matched ?? 0;
  }

  #row(condition: AlertCondition, { worker, openSeconds }: RaiseOptions): Record<string, unknown> {
    const { knex, dialect } = this.#database;
    return {
      rule: condition.rule,
      subject: condition.subject,
      message: condition.message,
      task_id: condition.taskId,
      pipeline_id: condition.pipelineId,
      details: JSON.stringify(condition.details),
      worker,
      create_time: dialect.secondsAgo(knex, openSeconds),
      notify_time: dialect.now(knex),
    };
  }

  #select(narrow: (query: Knex.QueryBuilder) => Knex.QueryBuilder): Promise<readonly StoredAlert[]> {
    return selectAlerts(this.#database, narrow);
  }
}

/** What a person has cleared is not raised anew before it would have been repeated. */
function isMuted({ clearedBy, clearedSecondsAgo }: StoredAlert, { repeatSeconds }: RaiseOptions): boolean {
  if (clearedBy !== 'person' || clearedSecondsAgo === null) return false;
  return repeatSeconds === null || clearedSecondsAgo <= repeatSeconds;
}
