import type { AlertSettings } from '../../../src/settings/settings.js';

/** The rules as they are where nothing is set. */
export const defaultRules: AlertSettings = {
  webhookUrl: null,
  webhookSecret: null,
  command: null,
  pageUrl: null,
  deliveryTimeoutSeconds: 10,
  repeatMinutes: 60,
  retentionDays: 90,
  heartbeatFailures: 3,
  timeoutRate: 0.2,
  timeoutRateWindowMinutes: 60,
  timeoutRateMinimum: 3,
  databaseUnreachableSeconds: 60,
  noMonitor: true,
  pipelineDown: true,
  pipelineStalled: true,
  taskStalled: true,
  rpcUnreachableSeconds: 60,
  lagMinutes: 5,
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
  pipelineDown: false,
  pipelineStalled: false,
  rpcUnreachableSeconds: null,
  lagMinutes: null,
  sinkBehindMinutes: null,
  sinkDeadLetters: false,
};
