import { z } from 'zod';
import { findTransformer, transformerNames } from '../../components/dict-mapper/transformers.js';
import { PipelineStore } from '../../database/pipelines/pipeline-store.js';
import { jsonText } from '../../model/event-message.js';
import type { JsonValue } from '../../model/event-message.js';
import { nearest } from '../../runtime/nearest.js';
import { previewLogs } from '../../tasks/preview/preview-logs.js';
import { previewPipeline } from '../../tasks/preview/preview-pipeline.js';
import { previewJson } from '../../tasks/preview/preview-stages.js';
import type { ApiParts } from '../api-parts.js';
import { invalidRequest } from '../problem.js';
import { route, type Route } from '../route.js';
import { previewBody, previewSchema } from '../schemas/event-schemas.js';
import { idInBody, maxBlock, numberInBody } from '../schemas/parameters.js';

/** Events of a preview at most. */
const mostEvents = 100;

const ofTransformer = z.strictObject({
  transformer: z.string().min(1).max(100),
  source_value: z.unknown(),
  context: z.record(z.string(), z.unknown()).nullish().describe('the fields of the event'),
});

const ofPipeline = z
  .strictObject({
    pipeline_id: idInBody,
    block: numberInBody(0, maxBlock).optional(),
    last: numberInBody(1, mostEvents).optional(),
    event: z.record(z.string(), z.unknown()).optional().describe('an event, as exports write it'),
  })
  .refine(({ block, last, event }) => [block, last, event].filter((each) => each !== undefined).length <= 1, {
    error: 'block, last and event exclude each other',
  });

type TransformerBody = z.output<typeof ofTransformer>;
type PipelineBody = z.output<typeof ofPipeline> | z.output<typeof previewBody>;

const previewBodies = z.union([ofTransformer, previewBody, ofPipeline], {
  error: 'must hold a transformer and its source_value, or a pipeline_id with logs, event, block or last',
});

/** The route that shows what transformers and stages make of values and events. */
export function transformRoutes(parts: ApiParts): readonly Route[] {
  return [
    route({
      method: 'POST',
      path: '/api/v1/pipeline/transform/preview',
      summary: "Show what a transformer makes of a value, or a pipeline's stages of events; nothing is stored or sent.",
      ...{ tag: 'events', access: 'read', problems: [404, 502], body: previewBodies, keepsDigits: true },
      answer: { schema: z.union([previewSchema, z.looseObject({})]) },
      handle: async ({ body, signal }) => ({
        media: 'application/json; charset=utf-8',
        text: 'transformer' in body ? transformed(body, parts) : await previewed(body, parts, signal),
      }),
    }),
  ];
}

function transformed({ transformer, source_value: given, context }: TransformerBody, { settings }: ApiParts): string {
  // It was read from JSON, with every digit; what is left out is null.
  const value = (given ?? null) as JsonValue;
  const transform = findTransformer(transformer);
  if (transform === undefined) {
    const hint = `the nearest is ${nearest(transformer, transformerNames) ?? 'decimal_normalize'}`;
    throw invalidRequest([{ path: 'body.transformer', message: `there is no transformer ${transformer}` }], hint);
  }
  const fields = new Map(Object.entries((context ?? {}) as Record<string, JsonValue>));
  const older = settings.api.olderClients ? { success: true, message: 'the value was transformed' } : {};
  return jsonText({ ...older, source_value: value, transformed_value: transform(value, fields), transformer });
}

async function previewed(body: PipelineBody, parts: ApiParts, signal: AbortSignal): Promise<string> {
  const { database, settings, clock, logger } = parts;
  const { pipeline_id: pipelineId } = body;
  const definition = await new PipelineStore(database).get(pipelineId);
  const options = { definition, pipelineId, database, settings, clock, logger, signal };
  if ('logs' in body) return previewLogs(body.logs, options);
  const { block, last, event } = body;
  const request = {
    block,
    last,
    event:
      event === undefined
        ? undefined
        : { key: 'body.event', text: jsonText(event as Readonly<Record<string, JsonValue>>) },
  };
  return previewJson({ pipelineId, name: definition.name }, await previewPipeline(request, options));
}
