import { readTaskStatistics } from '../../database/task-statistics.js';
import { messageOf } from '../../runtime/errors.js';
import { LivenessMetrics } from '../../tasks/liveness-metrics.js';
import type { ApiParts } from '../api-parts.js';
import { route, type Route } from '../route.js';
import { SharedReads } from '../shared-reads.js';

/** Of which time ends are counted, and what runs for long, in seconds. */
const window = { windowSeconds: 3_600, longerThanSeconds: 3_600 };

/** What Prometheus reads. */
export function metricsRoutes({ database, clock, logger, secrets }: ApiParts): readonly Route[] {
  const metrics = new LivenessMetrics(clock);
  const reads = new SharedReads();
  const refresh = async (): Promise<void> => {
    try {
      metrics.showTasks(await reads.get('tasks', () => readTaskStatistics(database, window)));
    } catch (error) {
      // What this process knows by itself is told whether or not the database answers.
      logger.log('warn', `the metrics of tasks are old: ${secrets.mask(messageOf(error))}`, { event: 'metrics.stale' });
    }
  };
  const { registry } = metrics;
  return [
    route({
      method: 'GET',
      path: '/metrics',
      summary: 'Metrics in the text form of Prometheus.',
      ...{ tag: 'health', access: 'read', answer: { media: registry.contentType, what: 'metrics' } },
      handle: async () => {
        await refresh();
        return { media: registry.contentType, text: await registry.metrics() };
      },
    }),
  ];
}
