/** What an alert can be raised for. */
export type AlertRule =
  | 'heartbeat_failing'
  | 'timeout_rate'
  | 'database_unreachable'
  | 'no_monitor'
  | 'task_stalled'
  | 'sink_behind'
  | 'sink_dead_letters';

/** Something that is wrong, as a rule has found it. */
export interface AlertCondition {
  readonly rule: AlertRule;
  /** What it is about: `task 123`, `database`. There is one open alert of a rule about a subject. */
  readonly subject: string;
  /** For people, one line. */
  readonly message: string;
  readonly taskId: number | null;
  readonly pipelineId: number | null;
  /** The numbers behind the message. */
  readonly details: Readonly<Record<string, string | number | null>>;
}

/** A row of `alert`. Times are in the database's time zone, no suffix. */
export interface Alert extends AlertCondition {
  readonly id: number;
  /** `host:pid` of the process that raised it. */
  readonly worker: string | null;
  readonly createTime: string;
  /** When it was told last, and how often in all. */
  readonly notifyTime: string;
  readonly notifications: number;
  /** Null: it stands. */
  readonly clearTime: string | null;
  /** `over` where it cleared itself, `person` where somebody cleared it. */
  readonly clearedBy: string | null;
  /** For how long it has stood, or stood until it was cleared. */
  readonly openSeconds: number;
}

/** Names the alert of a rule about a subject. */
export function alertKey({ rule, subject }: { readonly rule: string; readonly subject: string }): string {
  return `${rule}:${subject}`;
}

/** Returns an alert as `alerts list --json` has it. */
export function alertToJson(alert: Alert): object {
  return {
    alert_id: alert.id,
    rule: alert.rule,
    subject: alert.subject,
    state: alert.clearTime === null ? 'open' : 'cleared',
    message: alert.message,
    task_id: alert.taskId,
    pipeline_id: alert.pipelineId,
    worker: alert.worker,
    create_time: alert.createTime,
    notify_time: alert.notifyTime,
    notifications: alert.notifications,
    clear_time: alert.clearTime,
    cleared_by: alert.clearedBy,
    open_seconds: alert.openSeconds,
    details: alert.details,
  };
}
