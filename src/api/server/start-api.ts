import { AuditStore } from '../../database/operations/audit-store.js';
import type { ApiParts } from '../api-parts.js';
import { apiRoutes } from './api-routes.js';
import { createServer } from './create-server.js';
import { isLoopback } from '../guards/check-origin.js';
import { LiveState } from '../live/live-state.js';
import { listen } from './listen.js';
import { registerDashboard } from './register-dashboard.js';

export type { ApiParts } from '../api-parts.js';
export { refuseOpenNetwork } from './listen.js';

/** The API at work. */
export interface RunningApi {
  readonly url: string;
  /** Ends it: what is in the air is cut off. */
  close(): Promise<void>;
}

/** Tokens that are shorter can be guessed. */
const shortToken = 16;

/** Serves the HTTP API; throws RuntimeFailure where its port can't be had. */
export async function startApi(parts: ApiParts): Promise<RunningApi> {
  const { database, settings, logger } = parts;
  const live = new LiveState(parts);
  const app = createServer(parts, new AuditStore(database), apiRoutes(parts, live));
  registerDashboard(app);
  const url = await listen(app, settings.api);
  live.start();
  warn(parts);
  logger.log('info', `the API listens on ${url}`, { event: 'api.listening', url });
  return { url, close: () => app.close() };
}

function warn({ settings, logger }: ApiParts): void {
  const { host, token, readToken } = settings.api;
  if (!isLoopback(host) && token === null && readToken === null) {
    const message = `INSECURE: anybody who reaches ${host} may read and change everything, for no token is set`;
    logger.log('warn', message, { event: 'api.insecure' });
  }
  if ([token, readToken].some((text) => text !== null && text.length < shortToken)) {
    const message = `a token of the API is shorter than ${shortToken} characters: it can be guessed`;
    logger.log('warn', message, { event: 'api.short_token' });
  }
}
