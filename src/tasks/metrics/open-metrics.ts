import type { Clock } from '../../runtime/clock.js';
import type { Logger } from '../../runtime/logger.js';
import type { Settings } from '../../settings/settings.js';
import type { ProcessMetrics } from './process-metrics.js';

/** What a process that counts must say of itself. */
export interface MetricsHost {
  readonly settings: Pick<Settings, 'metrics' | 'logLevel'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The program's. */
  readonly version: string;
}

/** What a process counts, and whatever serves it. */
export interface OpenMetrics {
  readonly metrics: ProcessMetrics;
  /** Ends the serving. */
  close(): Promise<void>;
}

/**
 * Begins to count where somebody wants to know: who scrapes a port, or reads a log at level debug, in which a process
 * tells them at its end. Null: nobody does, and nothing is loaded. Throws RuntimeFailure where the port can't be had.
 */
export async function openMetrics(host: MetricsHost, { isServed = true } = {}): Promise<OpenMetrics | null> {
  const { settings, clock } = host;
  const serves = isServed && settings.metrics.port !== null;
  if (!serves && !logsMetrics(settings)) return null;
  const { ProcessMetrics } = await import('./process-metrics.js');
  const metrics = new ProcessMetrics(clock);
  return { metrics, close: serves ? await serve(host, metrics) : () => Promise.resolve() };
}

/** Says whether the metrics of a process are written to its log at its end. */
export function logsMetrics({ logLevel }: Pick<Settings, 'logLevel'>): boolean {
  return logLevel === 'debug' || logLevel === 'trace';
}

async function serve(
  { settings, logger, version }: MetricsHost,
  metrics: ProcessMetrics,
): Promise<() => Promise<void>> {
  const { serveMetrics } = await import('../../runtime/metrics-server.js');
  metrics.addDefaults(version);
  const server = await serveMetrics(settings.metrics, metrics.registry);
  const { url } = server;
  logger.log('info', `metrics are served on ${url}`, { event: 'metrics.listening', url });
  return () => server.close();
}
