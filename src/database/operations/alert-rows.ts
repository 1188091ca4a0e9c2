import type { Knex } from 'knex';
import { mutedUntil, type AlertMute } from '../../model/alert-mute.js';
import { alertText } from '../../model/alert-text.js';
import type { Alert, AlertRule } from '../../model/alert.js';
import type { Database } from '../database.js';
import { toInstant, toInstantOrNull } from '../instant.js';

/** Reads alerts, with their ages by the database's clock, and their texts as they are now. */
export async function selectAlerts(
  database: Database,
  narrow: (query: Knex.QueryBuilder) => Knex.QueryBuilder,
  mutes: readonly AlertMute[] = [],
): Promise<readonly StoredAlert[]> {
  const { dialect } = database;
  const rows = await database.read<AlertRow[]>((knex) =>
    narrow(
      knex('alert').select(
        'alert.*',
        knex.raw('? AS age', [dialect.secondsSince(knex, 'alert.create_time')]),
        knex.raw('? AS clear_age', [dialect.secondsSince(knex, 'alert.clear_time')]),
        knex.raw('? AS since_age', [dialect.secondsSince(knex, 'alert.since')]),
      ),
    ),
  );
  return rows.map((row) => toAlert(row, mutes));
}

/** An alert, and what the store alone needs to know of it. */
export interface StoredAlert extends Alert {
  /** How many seconds ago it was cleared; null while it stands. */
  readonly clearedSecondsAgo: number | null;
  /** A mute has kept it from being told, which is yet to be made up for. */
  readonly isQuiet: boolean;
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
  since: string | null;
  quiet: number | null;
  notify_time: string;
  notifications: number;
  clear_time: string | null;
  cleared_by: string | null;
  age: number;
  clear_age: number | null;
  since_age: number | null;
}

function toAlert(row: AlertRow, mutes: readonly AlertMute[]): StoredAlert {
  const told = {
    rule: row.rule,
    subject: row.subject,
    taskId: row.task_id,
    pipelineId: row.pipeline_id,
    details: row.details === null ? {} : (JSON.parse(row.details) as Alert['details']),
  };
  const openSeconds = Math.max(0, row.age - (row.clear_age ?? 0));
  const sinceSeconds = row.since_age === null ? openSeconds : Math.max(0, row.since_age - (row.clear_age ?? 0));
  return {
    ...told,
    id: row.id,
    // What an older version has stored is told as it has told it.
    message: row.since_age === null ? row.message : alertText(told, sinceSeconds, 'en'),
    sinceSeconds,
    since: toInstantOrNull(row.since),
    worker: row.worker,
    createTime: toInstant(row.create_time),
    notifyTime: toInstant(row.notify_time),
    notifications: row.notifications,
    clearTime: toInstantOrNull(row.clear_time),
    clearedBy: row.cleared_by,
    openSeconds,
    clearedSecondsAgo: row.clear_age,
    isQuiet: row.quiet === 1,
    mutedUntil: row.clear_time === null ? mutedUntil(mutes, told) : null,
  };
}
