import { alertSettingDefinitions } from './alert-setting-definitions.js';
import type { SecretMask } from './secrets.js';
import type { SettingsReader } from './settings-reader.js';

/** When an alert is raised, and where it is sent. A rule that is null or false is switched off. */
export interface AlertSettings {
  /** Null: no webhook. */
  readonly webhookUrl: string | null;
  /** Null: deliveries are not signed. */
  readonly webhookSecret: string | null;
  /** A program and its arguments; null: none. */
  readonly command: readonly string[] | null;
  /** How long one delivery may take. */
  readonly deliveryTimeoutSeconds: number;
  /** After how long an alert that still stands is told again; null: never. */
  readonly repeatMinutes: number | null;
  /** After how long an alert that was cleared is forgotten; null: never. */
  readonly retentionDays: number | null;
  /** So many beats in a row that failed. */
  readonly heartbeatFailures: number | null;
  /** The part of the tasks that ended within the window which timed out, from 0 to 1. */
  readonly timeoutRate: number | null;
  readonly timeoutRateWindowMinutes: number;
  /** Fewer timeouts in the window raise no alert. */
  readonly timeoutRateMinimum: number;
  /** For how long the database is away. */
  readonly databaseUnreachableSeconds: number | null;
  readonly noMonitor: boolean;
  readonly taskStalled: boolean;
}

/** Reads the settings of alerts; throws UsageError where one is malformed. */
export function readAlertSettings(reader: SettingsReader): AlertSettings {
  const definitions = alertSettingDefinitions;
  return {
    webhookUrl: reader.read(definitions.webhookUrl),
    webhookSecret: reader.read(definitions.webhookSecret),
    command: reader.read(definitions.command),
    deliveryTimeoutSeconds: reader.read(definitions.deliveryTimeoutSeconds),
    repeatMinutes: reader.read(definitions.repeatMinutes),
    retentionDays: reader.read(definitions.retentionDays),
    heartbeatFailures: reader.read(definitions.heartbeatFailures),
    timeoutRate: reader.read(definitions.timeoutRate),
    timeoutRateWindowMinutes: reader.read(definitions.timeoutRateWindowMinutes),
    timeoutRateMinimum: reader.read(definitions.timeoutRateMinimum),
    databaseUnreachableSeconds: reader.read(definitions.databaseUnreachableSeconds),
    noMonitor: reader.read(definitions.noMonitor),
    taskStalled: reader.read(definitions.taskStalled),
  };
}

/** Remembers a setting's text where it is a secret of alerts; `name` is the one that its source knows it by. */
export function rememberAlertSecrets(name: string, text: string, secrets: SecretMask): void {
  if (/^(?:alerts\.webhook_url|CHAINPARSE_ALERT_WEBHOOK_URL)$/.test(name)) secrets.remember(text);
  if (!/^(?:alerts\.webhook_secret|CHAINPARSE_ALERT_WEBHOOK_SECRET)$/.test(name)) return;
  secrets.rememberPassword(text);
  secrets.rememberPassword(text.replace(/^whsec_/, ''));
}
