import { z } from 'zod';
import { AuditStore } from '../../database/operations/audit-store.js';
import type { ApiParts } from '../api-parts.js';
import { route, type Route } from '../route.js';
import { id, shownInstant, wholeNumber } from '../schemas/parameters.js';

const entrySchema = z
  .strictObject({
    audit_id: z.int(),
    create_time: shownInstant,
    actor: z.string(),
    address: z.string(),
    method: z.string(),
    path: z.string(),
    status: z.int().nullable(),
    detail: z.string().nullable(),
  })
  .meta({ id: 'AuditEntry' });

/** The log of the calls that changed something. */
export function auditRoutes({ database }: ApiParts): readonly Route[] {
  const store = new AuditStore(database);
  return [
    route({
      method: 'GET',
      path: '/api/v1/audit',
      summary: 'List the calls that changed something, newest first.',
      ...{ tag: 'audit', access: 'read' },
      query: z.object({ limit: wholeNumber(1, 200).default(50), before: id.optional() }),
      answer: { schema: z.strictObject({ entries: z.array(entrySchema) }) },
      handle: async ({ query }) => ({
        json: {
          entries: (await store.list(query)).map(({ id: auditId, createTime, ...entry }) => ({
            audit_id: auditId,
            create_time: createTime,
            ...{ actor: entry.actor, address: entry.address, method: entry.method, path: entry.path },
            ...{ status: entry.status, detail: entry.detail },
          })),
        },
      }),
    }),
  ];
}
