import { z } from 'zod';
import { AlertStore } from '../../database/operations/alert-store.js';
import { alertToJson } from '../../model/alert-json.js';
import { ConflictError } from '../../runtime/errors.js';
import type { ApiParts } from '../api-parts.js';
import { route, type Route } from '../route.js';
import { muteRoutes } from './mute-routes.js';
import { idParams, shownInstant, wholeNumber } from '../schemas/parameters.js';

const tag = 'alerts';
const base = '/api/v1/alerts';

const listQuery = z.object({
  state: z.enum(['open', 'all'], { error: 'is neither open nor all' }).default('open'),
  limit: wholeNumber(1, 200).default(20),
});

const alertSchema = z
  .strictObject({
    alert_id: z.int(),
    rule: z.string(),
    subject: z.string(),
    severity: z.enum(['critical', 'warning']),
    state: z.enum(['open', 'cleared']),
    message: z.string(),
    message_zh: z.string(),
    task_id: z.int().nullable(),
    pipeline_id: z.int().nullable(),
    worker: z.string().nullable(),
    since: shownInstant,
    since_seconds: z.int(),
    create_time: shownInstant,
    notify_time: shownInstant,
    notifications: z.int(),
    muted: z.boolean(),
    muted_until: shownInstant.nullable(),
    clear_time: shownInstant.nullable(),
    cleared_by: z.string().nullable(),
    open_seconds: z.int(),
    link: z.string().nullable(),
    details: z.record(z.string(), z.union([z.string(), z.number(), z.null()])),
  })
  .meta({ id: 'Alert' });

/** The routes about alerts. */
export function alertRoutes({ database, settings }: ApiParts): readonly Route[] {
  const { pageUrl } = settings.alerts;
  const store = new AlertStore(database);
  return [
    route({
      method: 'GET',
      path: base,
      summary: 'List alerts, newest first: those that stand, or all.',
      ...{ tag, access: 'read', query: listQuery },
      answer: { schema: z.strictObject({ alerts: z.array(alertSchema), total: z.int() }) },
      handle: async ({ query }) => {
        const { alerts, total } = await store.list({ all: query.state === 'all', limit: query.limit });
        return { json: { alerts: alerts.map((alert) => alertToJson(alert, pageUrl)), total } };
      },
    }),
    ...muteRoutes(database),
    route({
      method: 'POST',
      path: `${base}/{id}/clear`,
      summary: 'Clear an alert.',
      ...{ tag, access: 'write', params: idParams, answer: { schema: alertSchema }, problems: [404, 409] },
      handle: async ({ params }) => {
        if (await store.dismiss(params.id)) return { json: alertToJson(await store.get(params.id), pageUrl) };
        throw new ConflictError(`alert ${params.id} has been cleared already`);
      },
    }),
    route({
      method: 'POST',
      path: `${base}/clear`,
      summary: 'Clear all alerts that stand.',
      ...{ tag, access: 'write', answer: { schema: z.strictObject({ cleared: z.int() }) } },
      handle: async () => ({ json: { cleared: await store.dismissAll() } }),
    }),
  ];
}
