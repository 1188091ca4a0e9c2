import type { ApiParts } from '../api-parts.js';
import type { LiveState } from '../live/live-state.js';
import type { Route } from '../route.js';
import { alertRoutes } from '../routes/alert-routes.js';
import { auditRoutes } from '../routes/audit-routes.js';
import { callerRoutes } from '../routes/caller-routes.js';
import { classificationRoutes } from '../routes/classification-routes.js';
import { docsRoutes } from '../routes/docs-routes.js';
import { endpointRoutes } from '../routes/endpoint-routes.js';
import { eventRoutes } from '../routes/event-routes.js';
import { healthRoutes } from '../routes/health-routes.js';
import { liveRoutes } from '../routes/live-routes.js';
import { logRoutes } from '../routes/log-routes.js';
import { metricsRoutes } from '../routes/metrics-routes.js';
import { pipelineRoutes } from '../routes/pipeline-routes.js';
import { sinkRoutes } from '../routes/sink-routes.js';
import { taskRoutes } from '../routes/task-routes.js';
import { transformRoutes } from '../routes/transform-routes.js';
import { workerRoutes } from '../routes/worker-routes.js';
import { olderRoutes } from '../older-clients.js';

/** Every route of the API. */
export function apiRoutes(parts: ApiParts, live: LiveState): readonly Route[] {
  const routes = [
    ...liveRoutes(parts, live),
    ...taskRoutes(parts),
    ...logRoutes(parts),
    ...pipelineRoutes(parts),
    ...sinkRoutes(parts),
    ...transformRoutes(parts),
    ...classificationRoutes(parts),
    ...eventRoutes(parts),
    ...alertRoutes(parts),
    ...endpointRoutes(parts),
    ...workerRoutes(parts),
    ...auditRoutes(parts),
    ...callerRoutes(),
    ...healthRoutes(parts),
    ...metricsRoutes(parts),
  ];
  const served = parts.settings.api.olderClients ? olderRoutes(routes, parts) : routes;
  return [...served, ...docsRoutes(served)];
}
