import { alertKey, type AlertCondition } from './alert.js';

/** Which alerts nobody is told of: those that fit all that is named. */
export interface MuteScope {
  readonly rule: string | null;
  /** With its rule it names one alert. */
  readonly subject: string | null;
  readonly pipelineId: number | null;
}

/** A row of `alert_mute`. Times are in the database's time zone, no suffix. */
export interface AlertMute extends MuteScope {
  readonly id: number;
  readonly createTime: string;
  readonly until: string;
  /** Seconds that it still holds, by the database's clock. */
  readonly secondsLeft: number;
  /** Who has muted them, as far as that is known. */
  readonly createdBy: string | null;
}

/** Says whether a mute keeps an alert from being told. */
export function isMutedBy(
  { rule, subject, pipelineId }: MuteScope,
  alert: Pick<AlertCondition, 'rule' | 'subject' | 'pipelineId'>,
): boolean {
  return (
    (rule === null || rule === alert.rule) &&
    (subject === null || subject === alert.subject) &&
    (pipelineId === null || pipelineId === alert.pipelineId)
  );
}

/** Returns until when an alert is muted, by the mute that holds longest; null: by none. */
export function mutedUntil(
  mutes: readonly AlertMute[],
  alert: Pick<AlertCondition, 'rule' | 'subject' | 'pipelineId'>,
): string | null {
  const fitting = mutes.filter((mute) => isMutedBy(mute, alert));
  return fitting.reduce<string | null>((last, { until }) => (last === null || until > last ? until : last), null);
}
/** Says in words what a mute keeps quiet: `lag of pipeline 45`. */
export function muteScopeText({ rule, subject, pipelineId }: MuteScope): string {
  if (rule !== null && subject !== null) return alertKey({ rule, subject });
  const of = pipelineId === null ? '' : `pipeline ${pipelineId}`;
  return rule === null ? of : of === '' ? rule : `${rule} of ${of}`;
}

/** Returns a mute as `alerts mutes --json` has it. */
export function muteToJson(mute: AlertMute): object {
  return {
    mute_id: mute.id,
    rule: mute.rule,
    subject: mute.subject,
    pipeline_id: mute.pipelineId,
    create_time: mute.createTime,
    until: mute.until,
    seconds_left: mute.secondsLeft,
    created_by: mute.createdBy,
  };
}
