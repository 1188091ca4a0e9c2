import type { ApiParts } from './api-parts.js';
import { LiveState } from './live/live-state.js';
import type { Route } from './route.js';
import { healthRoutes } from './routes/health-routes.js';
import { liveRoutes } from './routes/live-routes.js';
import { taskRoutes } from './routes/task-routes.js';

/** Every route of the API. */
export function apiRoutes(parts: ApiParts, live = new LiveState(parts)): readonly Route[] {
  return [...liveRoutes(parts, live), ...healthRoutes(parts), ...taskRoutes(parts)];
}
