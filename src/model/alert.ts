/** What alerts are raised for. `task_stalled` stands in rows of older versions only: `pipeline_stalled` has taken its place. */
export const alertRules = [
  'pipeline_down',
  'pipeline_stalled',
  'rpc_unreachable',
  'lag',
  'sink_behind',
  'sink_dead_letters',
  'heartbeat_failing',
  'timeout_rate',
  'database_unreachable',
  'no_monitor',
  'task_stalled',
] as const;

/** What an alert can be raised for. */
export type AlertRule = (typeof alertRules)[number];

/** `critical`: something that should work does not; `warning`: it will come to that, or costs. */
export type AlertSeverity = 'critical' | 'warning';

const warnings: ReadonlySet<string> = new Set<AlertRule>(['lag', 'sink_behind', 'sink_dead_letters', 'timeout_rate']);

/** Returns how bad it is where a rule's alert stands. */
export function severityOf(rule: string): AlertSeverity {
  return warnings.has(rule) ? 'warning' : 'critical';
}

/** Rules whose alerts of a pipeline a person clears for good: only what fails or falls silent after that raises them anew. */
export const settledByPerson: ReadonlySet<string> = new Set<AlertRule>(['pipeline_down', 'pipeline_stalled']);

/** Something that is wrong, as a rule has found it. */
export interface AlertCondition {
  readonly rule: AlertRule;
  /** What it is about: `pipeline 45`, `database`. There is one open alert of a rule about a subject. */
  readonly subject: string;
  /** For people, one line, as it was when it was found. */
  readonly message: string;
  readonly taskId: number | null;
  readonly pipelineId: number | null;
  /** What the message is made of, without what changes with time alone. */
  readonly details: Readonly<Record<string, string | number | null>>;
  /** For how long it had been so when it was found; left out: not at all. */
  readonly sinceSeconds?: number;
}

/** A row of `alert`. Times are in the database's time zone, no suffix. */
export interface Alert extends AlertCondition {
  readonly id: number;
  /** `host:pid` of the process that raised it. */
  readonly worker: string | null;
  readonly createTime: string;
  /** Since when it is so; null in rows of older versions. */
  readonly since: string | null;
  /** When it was told last, and how often in all. */
  readonly notifyTime: string;
  readonly notifications: number;
  /** Null: it stands. */
  readonly clearTime: string | null;
  /** `over` where it cleared itself, `person` where somebody cleared it. */
  readonly clearedBy: string | null;
  /** For how long it has stood, or stood until it was cleared. */
  readonly openSeconds: number;
  /** Until when it is told to nobody; null: it is told. */
  readonly mutedUntil: string | null;
}

/** Names the alert of a rule about a subject. */
export function alertKey({ rule, subject }: { readonly rule: string; readonly subject: string }): string {
  return `${rule}:${subject}`;
}

/** Returns the address of the page where an alert is seen: its pipeline's, else that of all alerts; null where no page is set. */
export function alertLink(pageUrl: string | null, { pipelineId }: Pick<AlertCondition, 'pipelineId'>): string | null {
  if (pageUrl === null) return null;
  return `${pageUrl.replace(/#.*$/, '').replace(/\/+$/, '')}/#/${pipelineId === null ? 'alerts' : `pipeline/${pipelineId}`}`;
}
