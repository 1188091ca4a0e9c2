import { SystemMetrics } from '../../src/tasks/metrics/system-metrics.js';
import { ProcessMetrics } from '../../src/tasks/metrics/process-metrics.js';
import { systemClock } from '../../src/runtime/clock.js';
import type { Database } from '../../src/database/database.js';

/** Returns the name and the type of every metric that any process exports. */
export async function exportedMetrics(): Promise<ReadonlyMap<string, string>> {
  const ofProcess = new ProcessMetrics(systemClock);
  ofProcess.addDefaults('1.0.0');
  // It is asked for names only.
  const options = { defaultIntervalSeconds: 30, version: '1.0.0', clock: systemClock };
  const ofSystem = new SystemMetrics({ database: {} as Database, ...options });
  const all = await Promise.all([ofProcess, ofSystem].map(({ registry }) => registry.getMetricsAsJSON()));
  return new Map(all.flat().map(({ name, type }) => [name, String(type)]));
}

/** Returns the metric that a series belongs to: of a histogram, the one without the suffix. */
export function metricOf(series: string, exported: ReadonlyMap<string, string>): string | undefined {
  if (exported.has(series)) return series;
  const family = series.replace(/_(?:bucket|sum|count)$/, '');
  return exported.get(family) === 'histogram' ? family : undefined;
}

/** Returns the names of metrics in a text. */
export function seriesIn(text: string): readonly string[] {
  return [...new Set(text.match(/\b(?:chainparse|nodejs|process)_[a-z0-9_]+\b/g) ?? [])];
}
