import { z } from 'zod';
import { PipelineStore } from '../../database/pipelines/pipeline-store.js';
import { readSinks, sinkToJson } from '../../tasks/views/sink-view.js';
import type { ApiParts } from '../api-parts.js';
import { route, type Route } from '../route.js';
import { idParams, shownInstant } from '../schemas/parameters.js';

const sinkSchema = z
  .strictObject({
    pipeline_id: z.int(),
    name: z.string(),
    type: z.string(),
    state: z.enum(['running', 'paused', 'failing', 'idle']),
    cursor_block: z.int().nullable().describe('up to this block all is delivered; null: nothing is'),
    behind: z.int().describe('blocks that have been read and are yet to be delivered'),
    dead_letters: z.int().describe('messages that the receiver refuses for good'),
    last_error: z.string().nullable(),
    last_error_time: shownInstant.nullable(),
  })
  .meta({ id: 'Sink' });

/** The routes about sinks. */
export function sinkRoutes({ database }: ApiParts): readonly Route[] {
  const pipelines = new PipelineStore(database);
  return [
    route({
      method: 'GET',
      path: '/api/v1/pipeline/{id}/sinks',
      summary: 'List the sinks of a pipeline: how far each has delivered, and what keeps it.',
      ...{ tag: 'pipelines', access: 'read', params: idParams, problems: [404] },
      answer: { schema: z.strictObject({ sinks: z.array(sinkSchema) }) },
      handle: async ({ params }) => {
        await pipelines.get(params.id);
        return { json: { sinks: (await readSinks(database, params.id)).map(sinkToJson) } };
      },
    }),
  ];
}
