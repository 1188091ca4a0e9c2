import type { Knex } from 'knex';
import type { Alert, AlertRule } from '../../model/alert.js';
import type { Database } from '../database.js';
import { toInstant } from '../instant.js';

/** Reads alerts, with their ages by the database's clock. */
export async function selectAlerts(
  database: Database,
  narrow: (query: Knex.QueryBuilder) => Knex.QueryBuilder,
): Promise<readonly StoredAlert[]> {
  const { dialect } = database;
  const rows = await database.read<AlertRow[]>((knex) =>
    narrow(
      knex('alert').select(
        'alert.*',
        knex.raw('? AS age', [dialect.secondsSince(knex, 'alert.create_time')]),
        knex.raw('? AS clear_age', [dialect.secondsSince(knex, 'alert.clear_time')]),
      ),
    ),
  );
  return rows.map(toAlert);
}

/** An alert, and how many seconds ago it was cleared; null while it stands. */
export interface StoredAlert extends Alert {
  readonly clearedSecondsAgo: number | null;
}

interface AlertRow {
  id: number;
  rule: AlertRule;
  subject: string;
  message: string;
  task_id: number | null;
  pipeline_id: number | null;
  details: string | null;
  worker: string | null;
  create_time: string;
  notify_time: string;
  notifications: number;
  clear_time: string | null;
  cleared_by: string | null;
  age: number;
  clear_age: number | null;
}

function toAlert(row: AlertRow): StoredAlert {
  return {
    id: row.id,
    rule: row.rule,
    subject: row.subject,
    message: row.message,
    taskId: row.task_id,
    pipelineId: row.pipeline_id,
    details: row.details === null ? {} : (JSON.parse(row.details) as Alert['details']),
    worker: row.worker,
    createTime: toInstant(row.create_time),
    notifyTime: toInstant(row.notify_time),
    notifications: row.notifications,
    clearTime: row.clear_time === null ? null : toInstant(row.clear_time),
    clearedBy: row.cleared_by,
    openSeconds: Math.max(0, row.age - (row.clear_age ?? 0)),
    clearedSecondsAgo: row.clear_age,
  };
}
