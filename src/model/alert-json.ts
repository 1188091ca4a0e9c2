import { storedAlertText } from './alert-text.js';
import { alertLink, severityOf, type Alert } from './alert.js';

/** Returns an alert as `alerts list --json` has it. */
export function alertToJson(alert: Alert, pageUrl: string | null): object {
  return {
    alert_id: alert.id,
    rule: alert.rule,
    subject: alert.subject,
    severity: severityOf(alert.rule),
    state: alert.clearTime === null ? 'open' : 'cleared',
    message: alert.message,
    message_zh: storedAlertText(alert, 'zh'),
    task_id: alert.taskId,
    pipeline_id: alert.pipelineId,
    worker: alert.worker,
    since: alert.since ?? alert.createTime,
    since_seconds: alert.sinceSeconds ?? alert.openSeconds,
    create_time: alert.createTime,
    notify_time: alert.notifyTime,
    notifications: alert.notifications,
    muted: alert.mutedUntil !== null,
    muted_until: alert.mutedUntil,
    clear_time: alert.clearTime,
    cleared_by: alert.clearedBy,
    open_seconds: alert.openSeconds,
    link: alertLink(pageUrl, alert),
    details: alert.details,
  };
}
