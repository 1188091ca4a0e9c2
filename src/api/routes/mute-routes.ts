import { z } from 'zod';
import type { Database } from '../../database/database.js';
import { MuteStore } from '../../database/operations/mute-store.js';
import { muteToJson } from '../../model/alert-mute.js';
import { alertRules } from '../../model/alert.js';
import { muteAlerts, unmuteAlerts } from '../../tasks/alerts/mute-alerts.js';
import { route, type Route } from '../route.js';
import { idInBody, numberInBody, shownInstant } from '../schemas/parameters.js';

const tag = 'alerts';
const path = '/api/v1/alerts/mutes';

const target = {
  alert_id: idInBody.optional(),
  rule: z.enum(alertRules).optional(),
  pipeline_id: idInBody.optional(),
};

const muteBody = z.strictObject({
  ...target,
  /** Seconds. */
  seconds: numberInBody(1, 366 * 86_400).default(3_600),
});

const muteSchema = z
  .strictObject({
    mute_id: z.int(),
    rule: z.string().nullable(),
    subject: z.string().nullable(),
    pipeline_id: z.int().nullable(),
    create_time: shownInstant,
    until: shownInstant,
    seconds_left: z.int(),
    created_by: z.string().nullable(),
  })
  .meta({ id: 'AlertMute' });

/** The routes that keep alerts from being told for a while. */
export function muteRoutes(database: Database): readonly Route[] {
  return [
    route({
      method: 'GET',
      path,
      summary: 'List what is muted, the mute that ends first first.',
      ...{ tag, access: 'read', answer: { schema: z.strictObject({ mutes: z.array(muteSchema) }) } },
      handle: async () => ({ json: { mutes: (await new MuteStore(database).list()).map(muteToJson) } }),
    }),
    route({
      method: 'POST',
      path,
      summary: 'Tell nobody of an alert, or of those of a rule or a pipeline, for a while.',
      ...{ tag, access: 'write', body: muteBody, answer: { schema: muteSchema }, problems: [400, 404] },
      handle: async ({ body }) => {
        const mute = { seconds: body.seconds, createdBy: 'API' };
        return { json: muteToJson(await muteAlerts(database, targetOf(body), mute)) };
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/alerts/unmute',
      summary: 'Tell again of what is muted.',
      ...{ tag, access: 'write', body: z.strictObject(target), problems: [400, 404] },
      answer: { schema: z.strictObject({ unmuted: z.int() }) },
      handle: async ({ body }) => ({ json: { unmuted: await unmuteAlerts(database, targetOf(body)) } }),
    }),
  ];
}

function targetOf(body: z.infer<z.ZodObject<typeof target>>) {
  return { alertId: body.alert_id, rule: body.rule, pipelineId: body.pipeline_id };
}
