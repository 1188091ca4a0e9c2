import type { AlertSettings } from '../../../src/settings/settings.js';

/** The rules as they are where nothing is set. */
export const defaultRules: AlertSettings = {
  webhookUrl: null,
  webhookSecret: null,
  command: null,
  deliveryTimeoutSeconds: 10,
  repeatMinutes: 60,
  retentionDays: 90,
  heartbeatFailures: 3,
  timeoutRate: 0.2,
  timeoutRateWindowMinutes: 60,
  timeoutRateMinimum: 3,
  databaseUnreachableSeconds: 60,
  noMonitor: true,
  taskStalled: true,
  sinkBehindMinutes: 5,
  sinkDeadLetters: true,
};

/** Every rule switched off. */
export const noRules: AlertSettings = {
  ...defaultRules,
  heartbeatFailures: null,
  timeoutRate: null,
  databaseUnreachableSeconds: null,
  noMonitor: false,
  taskStalled: false,
  sinkBehindMinutes: null,
  sinkDeadLetters: false,
};
