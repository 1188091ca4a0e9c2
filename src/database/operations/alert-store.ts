import type { Knex } from 'knex';
import type { Alert, AlertCondition } from '../../model/alert.js';
import { alertKey, settledByPerson } from '../../model/alert.js';
import { isMutedBy } from '../../model/alert-mute.js';
import { taskStatus } from '../../model/task.js';
import { NotFoundError } from '../../runtime/errors.js';
import { selectAlerts } from './alert-rows.js';
import type { StoredAlert } from './alert-rows.js';
import type { Database, Query } from '../database.js';
import { MuteStore } from './mute-store.js';

const table = 'alert';

/** Who raises an alert, and when it is told again. */
export interface RaiseOptions {
  readonly worker: string;
  /** After how long an alert that still stands is told again; null: never. */
  readonly repeatSeconds: number | null;
  /** For how long it has stood already. */
  readonly openSeconds: number;
}

/**
 * It was raised, is to be told again, or stands and has been told or is muted; or it is about beats of a task that has `ended`,
 * and not kept. Which alert it is, where that is known.
 */
export interface Raised {
  readonly outcome: 'raised' | 'repeated' | 'standing' | 'muted' | 'ended';
  readonly alertId: number | null;
  /** For how long it stands already, and has been so, in seconds; left out where it is new. */
  readonly stood?: { readonly openSeconds: number; readonly sinceSeconds: number };
}

/** The rows of `alert`. Of all processes that find the same thing wrong, one raises the alert, repeats it, clears it. */
export class AlertStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Raises the alert of a condition, or repeats the one that stands where that is due. One that is muted is told to nobody
   * now, and once when its mute has ended. Of beats that fail nobody is alerted where the task has ended: who finds them has
   * not heard of its end.
   */
  async raise(condition: AlertCondition, options: RaiseOptions): Promise<Raised> {
    if (condition.rule === 'heartbeat_failing' && (await this.#hasEnded(condition.taskId))) return ofEnded;
    const { rule, subject } = condition;
    const [newest] = await this.#select((query) => query.where({ rule, subject }).orderBy('id', 'desc').limit(1));
    if (newest?.clearTime === null) return this.#again(newest, condition, options);
    if (newest !== undefined && isSettled(newest, condition, options)) return { ...nothingNew, alertId: newest.id };
    const isMuted = await this.#isMuted(condition);
    const told = isMuted ? { quiet: 1, notifications: 0 } : {};
    const row = { ...this.#row(condition, options), ...told, open_key: alertKey(condition) };
    const insert = this.#database.knex(table).insert(row).onConflict('open_key').ignore();
    const [result] = await this.#database.write([insert]);
    if (result?.matched !== 1) return nothingNew;
    return { outcome: isMuted ? 'muted' : 'raised', alertId: result.insertId };
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

  /** Clears the open alert of that key because it is over; returns it as it was, or null where none stands or another was faster. */
  async clear(key: string): Promise<StoredAlert | null> {
    const [open] = await this.#select((query) => query.where({ open_key: key }));
    if (open === undefined) return null;
    return (await this.#clear('over', (query) => query.where({ id: open.id }))) === 1 ? open : null;
  }

  /** Puts an alert back that stands and has reached nobody yet: whoever finds it next tells it. */
  async putBack(id: number): Promise<void> {
    const { knex } = this.#database;
    const told = knex(table).where({ id, notifications: 1 }).whereNotNull('open_key');
    await this.#database.write([told.update({ notifications: 0 })]);
  }

  /** Says whether an alert of that key stands. */
  async isOpen(key: string): Promise<boolean> {
    return (await this.#select((query) => query.where({ open_key: key }))).length > 0;
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
    const mutes = await new MuteStore(this.#database).list();
    const [alert] = await selectAlerts(this.#database, (query) => query.where({ id }), mutes);
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
    const mutes = await new MuteStore(this.#database).list();
    const newest = (query: Knex.QueryBuilder): Knex.QueryBuilder =>
      fits(query).orderBy('id', 'desc').limit(filter.limit);
    const alerts = await selectAlerts(this.#database, newest, mutes);
    const [count] = await this.#database.read<{ total: number }[]>((knex) => fits(knex(table)).count({ total: '*' }));
    return { alerts, total: count?.total ?? 0 };
  }

  /** Lists the open alerts about heartbeats of tasks that have beaten since they were raised. */
  listOver(): Promise<readonly Alert[]> {
    return this.#select((query) =>
      query
        .join('pipeline_task', 'pipeline_task.id', 'alert.task_id')
        .whereNotNull('alert.open_key')
        .where('alert.rule', 'heartbeat_failing')
        .where('pipeline_task.last_heartbeat', '>', this.#database.knex.ref('alert.create_time')),
    );
  }

  async #hasEnded(taskId: number | null): Promise<boolean> {
    if (taskId === null) return false;
    const [task] = await this.#database.read<{ status: number }[]>((knex) =>
      knex('pipeline_task').select('status').where({ id: taskId }),
    );
    return task !== undefined && task.status !== taskStatus.running;
  }

  /**
   * Of an alert that stands: keeps what it says now, and tells it where it was muted and is no longer, where what was told has
   * reached nobody, or where it is to be repeated.
   */
  async #again(open: StoredAlert, condition: AlertCondition, options: RaiseOptions): Promise<Raised> {
    const standing = { outcome: 'standing', alertId: open.id } as const;
    // Of a pipeline that stalls its run and monitors tell in words of their own: the first ones stay. Of many monitors tell alone.
    const isNew = JSON.stringify(open.details) !== JSON.stringify(condition.details);
    const isToldByTwo = open.rule === 'pipeline_stalled' && open.pipelineId !== null;
    if (isNew && !isToldByTwo) await this.#change(open, wordsOf(condition));
    if (await this.#isMuted(condition)) {
      if (!open.isQuiet) await this.#change(open, { quiet: 1 });
      return standing;
    }
    if (open.isQuiet) return this.#tell(open, condition, (query) => query.where({ quiet: 1 }));
    if (open.notifications === 0) return this.#tell(open, condition, (query) => query.where({ notifications: 0 }));
    const { knex, dialect } = this.#database;
    const { repeatSeconds } = options;
    if (repeatSeconds === null) return standing;
    return this.#tell(open, condition, (query) => query.whereRaw(dialect.isOlder(knex, 'notify_time', repeatSeconds)));
  }

  /** Of several that find it due at the same time one tells it. */
  async #tell(
    open: StoredAlert,
    condition: AlertCondition,
    isDue: (query: Knex.QueryBuilder) => Knex.QueryBuilder,
  ): Promise<Raised> {
    const { knex, dialect } = this.#database;
    const told = {
      notify_time: dialect.now(knex),
      notifications: knex.raw('notifications + 1'),
      quiet: null,
      ...wordsOf(condition),
    };
    if (!(await this.#change(open, told, isDue))) return { outcome: 'standing', alertId: open.id };
    const { id: alertId, openSeconds, sinceSeconds = openSeconds } = open;
    return { outcome: open.notifications === 0 ? 'raised' : 'repeated', alertId, stood: { openSeconds, sinceSeconds } };
  }

  async #change(
    { id }: StoredAlert,
    values: Record<string, unknown>,
    narrow: (query: Knex.QueryBuilder) => Knex.QueryBuilder = (query) => query,
  ): Promise<boolean> {
    const open = this.#database.knex(table).where({ id }).whereNotNull('open_key');
    const [result] = await this.#database.write([narrow(open).update(values)]);
    return result?.matched === 1;
  }

  async #isMuted(condition: AlertCondition): Promise<boolean> {
    return (await new MuteStore(this.#database).list()).some((mute) => isMutedBy(mute, condition));
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
    const { sinceSeconds } = condition;
    return {
      rule: condition.rule,
      subject: condition.subject,
      ...wordsOf(condition),
      worker,
      create_time: dialect.secondsAgo(knex, openSeconds),
      since: sinceSeconds === undefined ? null : dialect.secondsAgo(knex, openSeconds + sinceSeconds),
      notify_time: dialect.now(knex),
    };
  }

  #select(narrow: (query: Knex.QueryBuilder) => Knex.QueryBuilder): Promise<readonly StoredAlert[]> {
    return selectAlerts(this.#database, narrow);
  }
}

/** What a condition says, as its row holds it. */
function wordsOf({ message, details, taskId, pipelineId }: AlertCondition): Record<string, unknown> {
  return { message, details: JSON.stringify(details), task_id: taskId, pipeline_id: pipelineId };
}

const nothingNew = { outcome: 'standing', alertId: null } as const;

const ofEnded = { outcome: 'ended', alertId: null } as const;

/**
 * What a person has cleared is not raised anew before it would have been repeated; of a pipeline, not before it fails again: by
 * another task, or by the same one after all that was wrong then was over.
 */
function isSettled(
  { clearedBy, clearedSecondsAgo, taskId }: StoredAlert,
  condition: AlertCondition,
  { repeatSeconds, openSeconds }: RaiseOptions,
): boolean {
  if (clearedBy !== 'person' || clearedSecondsAgo === null) return false;
  if (settledByPerson.has(condition.rule) && condition.pipelineId !== null) {
    const { sinceSeconds = 0 } = condition;
    // Of what has just begun, or of which nobody knows since when it is so, the next look tells.
    const isLater = sinceSeconds > 0 && openSeconds + sinceSeconds < clearedSecondsAgo;
    return taskId === condition.taskId && !isLater;
  }
  return repeatSeconds === null || clearedSecondsAgo <= repeatSeconds;
}
