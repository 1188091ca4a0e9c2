import { z } from 'zod';
import { define } from './setting-definition.js';
import type { SettingsReader } from './settings-reader.js';
import { hostSchema, portSchema } from './tcp-port.js';

/** Where a run, a worker or a monitor serves its metrics. */
export interface MetricsSettings {
  readonly host: string;
  /** Null: nowhere; 0: one that is free. */
  readonly port: number | null;
}

const portOrOff = z.string().transform((text, context) => {
  if (/^(?:off|none|)$/i.test(text)) return null;
  const port = portSchema.safeParse(text);
  if (port.success) return port.data;
  context.addIssue(port.error.issues[0]?.message ?? 'is no port');
  return z.NEVER;
});

const metricsSettingDefinitions = {
  host: define({
    title: 'metrics host',
    flag: 'metricsHost',
    variable: 'CHAINPARSE_METRICS_HOST',
    key: 'metrics.host',
    default: '127.0.0.1',
    schema: hostSchema,
    hint: 'write an address to listen on, such as 127.0.0.1',
  }),
  port: define<number | null>({
    title: 'metrics port',
    flag: 'metricsPort',
    variable: 'CHAINPARSE_METRICS_PORT',
    key: 'metrics.port',
    default: 'off',
    schema: portOrOff,
    hint: 'write a port, such as 9464; 0 takes any that is free, off serves none',
  }),
} as const;

/** Reads the settings of metrics; throws UsageError where one is malformed. */
export function readMetricsSettings(reader: SettingsReader): MetricsSettings {
  return { host: reader.read(metricsSettingDefinitions.host), port: reader.read(metricsSettingDefinitions.port) };
}
