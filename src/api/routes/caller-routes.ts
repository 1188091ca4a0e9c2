import { z } from 'zod';
import { route, type Route } from '../route.js';

const callerSchema = z.strictObject({
  right: z.enum(['anyone', 'read-token', 'token']).describe('by which right it calls'),
  may_change: z.boolean().describe('calls that change something are not refused'),
});

/** What a caller may do: so that a page offers nothing that would be refused. */
export function callerRoutes(): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/caller',
      summary: 'Say what the caller may do.',
      ...{ tag: 'health', access: 'read', answer: { schema: callerSchema } },
      handle: ({ right }) => ({ json: { right, may_change: right !== 'read-token' } }),
    }),
  ];
}
