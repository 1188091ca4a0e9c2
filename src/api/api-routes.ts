import type { ApiParts } from './api-parts.js';
import type { Route } from './route.js';
import { healthRoutes } from './routes/health-routes.js';
import { taskRoutes } from './routes/task-routes.js';

/** Every route of the API. */
export function apiRoutes(parts: ApiParts): readonly Route[] {
  return [...healthRoutes(parts), ...taskRoutes(parts)];
}
