import { z } from 'zod';
import type { ApiParts } from '../api-parts.js';
import { readReadiness } from '../readiness.js';
import { route, type Route } from '../route.js';

const tag = 'health';

const healthSchema = z.strictObject({ status: z.literal('ok') });
const health = JSON.stringify({ status: 'ok' });

const readinessSchema = z.strictObject({
  ready: z.boolean(),
  checks: z.array(
    z.strictObject({
      name: z.string(),
      ok: z.boolean(),
      detail: z.string(),
      kind: z.string().describe('what the detail says'),
      values: z.record(z.string(), z.union([z.string(), z.number()])).describe('the values in it'),
    }),
  ),
  reasons: z.array(z.string()).describe('why it is not ready'),
});

/** Whether the process lives, and whether what it serves is in order. */
export function healthRoutes(parts: ApiParts): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/healthz',
      summary: 'Say that the process lives; asks nothing else, and needs no token.',
      ...{ tag, access: 'open', answer: { schema: healthSchema } },
      handle: () => ({ media: 'application/json; charset=utf-8', text: health }),
    }),
    route({
      method: 'GET',
      path: '/readyz',
      summary: 'Say whether database, monitor and pipelines are in order; 503 with the reasons where they are not.',
      ...{ tag, access: 'read', answer: { status: [200, 503], schema: readinessSchema } },
      handle: async () => {
        const readiness = await readReadiness(parts);
        return { status: readiness.ready ? 200 : 503, json: readiness };
      },
    }),
  ];
}
