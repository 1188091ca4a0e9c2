import { messageOf } from '../../runtime/errors.js';
import { SystemMetrics } from '../../tasks/metrics/system-metrics.js';
import type { ApiParts } from '../api-parts.js';
import { route, type Route } from '../route.js';
import { SharedReads } from '../shared-reads.js';

/** The text form of Prometheus. */
const media = 'text/plain; version=0.0.4; charset=utf-8';

/** What Prometheus reads. */
export function metricsRoutes(parts: ApiParts): readonly Route[] {
  const scrape = new Scrape(parts);
  return [
    route({
      method: 'GET',
      path: '/metrics',
      summary: 'Metrics in the text form of Prometheus.',
      ...{ tag: 'health', access: 'read', answer: { media, what: 'metrics' } },
      handle: async () => ({ media, text: await scrape.text() }),
    }),
  ];
}

/** Counts nothing before somebody asks for the first time. */
class Scrape {
  readonly #parts: ApiParts;
  readonly #reads = new SharedReads();
  #metrics: SystemMetrics | null = null;
  #isAway = false;

  constructor(parts: ApiParts) {
    this.#parts = parts;
  }

  async text(): Promise<string> {
    const { settings, ...parts } = this.#parts;
    const defaultIntervalSeconds = settings.heartbeatIntervalSeconds;
    const metrics = (this.#metrics ??= new SystemMetrics({ ...parts, defaultIntervalSeconds }));
    return this.#reads.get('metrics', () => this.#read(metrics));
  }

  async #read(metrics: SystemMetrics): Promise<string> {
    try {
      await metrics.refresh();
      this.#isAway = false;
    } catch (error) {
      this.#tellOnce(messageOf(error));
    }
    // What this process knows by itself is told whether or not the database answers.
    return metrics.registry.metrics();
  }

  #tellOnce(error: string): void {
    const { logger, secrets } = this.#parts;
    const message = `metrics tell nothing of tasks while the database is away: ${secrets.mask(error)}`;
    if (!this.#isAway) logger.log('warn', message, { event: 'metrics.database_away' });
    this.#isAway = true;
  }
}
