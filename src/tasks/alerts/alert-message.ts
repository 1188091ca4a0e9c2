import { randomUUID } from 'node:crypto';
import type { AlertCondition } from '../../model/alert.js';
import { alertKey, alertLink, severityOf, type AlertSeverity } from '../../model/alert.js';

/** Why an alert is told. */
export type AlertNews = 'raised' | 'repeated' | 'cleared';

/** What is delivered: the event of Standard Webhooks (standardwebhooks.com), with the alert as its data. */
export interface AlertMessage {
  /** The same in each try to deliver it. */
  readonly id: string;
  readonly type: `alert.${AlertNews}` | 'alert.test';
  /** By this computer's clock, ISO 8601. */
  readonly timestamp: string;
  readonly data: AlertData;
}

interface AlertData {
  /** The alert's id in the table; null where the database is away. */
  readonly alert_id: number | null;
  /** The same in all messages about one thing that is wrong. */
  readonly key: string;
  readonly rule: string;
  readonly subject: string;
  readonly severity: AlertSeverity;
  readonly state: 'open' | 'cleared';
  readonly message: string;
  readonly task_id: number | null;
  readonly pipeline_id: number | null;
  /** The process that tells it. */
  readonly worker: string;
  readonly open_seconds: number;
  /** For how long it has been so, which may be longer than it has been told. */
  readonly since_seconds: number;
  /** Where it is seen; null where no page is set. */
  readonly link: string | null;
  readonly details: AlertCondition['details'];
}

/** What whoever posts a message knows of it. */
export interface Posting {
  /** Says whether what it tells is still so: asked before it goes late. */
  readonly isCurrent?: () => Promise<boolean>;
  /** Called where no channel has taken it, and it is tried no more. */
  readonly onUntaken?: () => void;
  /** The same was posted before: that it can't be delivered is in the log. */
  readonly isKnown?: boolean;
}

/** Where alerts go. */
export interface AlertChannel {
  /** For people, without a secret. */
  readonly name: string;
  /** Delivers a message, within a time limit of its own; throws AlertDeliveryError. */
  send(message: AlertMessage, signal: AbortSignal): Promise<void>;
}

export interface AlertNewsOptions {
  readonly alertId: number | null;
  readonly worker: string;
  readonly openSeconds: number;
  /** The address of the page; null or left out: none is set. */
  readonly pageUrl?: string | null;
  /** By the wall clock, in milliseconds since the epoch. */
  readonly now: number;
}

/** Makes the message that tells a condition. */
export function toAlertMessage(
  news: AlertNews | 'test',
  condition: Omit<AlertCondition, 'rule'> & { readonly rule: AlertCondition['rule'] | 'test' },
  { alertId, worker, openSeconds, pageUrl = null, now }: AlertNewsOptions,
): AlertMessage {
  return {
    id: `msg_${randomUUID().replaceAll('-', '')}`,
    type: `alert.${news}`,
    timestamp: new Date(now).toISOString(),
    data: {
      alert_id: alertId,
      key: alertKey(condition),
      rule: condition.rule,
      subject: condition.subject,
      severity: severityOf(condition.rule),
      state: news === 'cleared' ? 'cleared' : 'open',
      message: condition.message,
      task_id: condition.taskId,
      pipeline_id: condition.pipelineId,
      worker,
      open_seconds: Math.round(openSeconds),
      since_seconds: Math.round(condition.sinceSeconds ?? openSeconds),
      link: alertLink(pageUrl, condition),
      details: condition.details,
    },
  };
}
