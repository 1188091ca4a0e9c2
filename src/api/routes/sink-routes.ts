import { z } from 'zod';
import { PipelineStore } from '../../database/pipelines/pipeline-store.js';
import { DeadLetterStore } from '../../database/sinks/dead-letter-store.js';
import { SinkStore } from '../../database/sinks/sink-store.js';
import { queueDelivery } from '../../tasks/fleet/queue-delivery.js';
import { requestReplay } from '../../tasks/outbox/request-replay.js';
import { deadLetterToJson, readSink, readSinks, sinkToJson, type SinkView } from '../../tasks/views/sink-view.js';
import type { ApiParts } from '../api-parts.js';
import { route, type Route } from '../route.js';
import { id, idInBody, idParams, maxBlock, numberInBody, shownInstant, wholeNumber } from '../schemas/parameters.js';

const sinkSchema = z
  .strictObject({
    pipeline_id: z.int(),
    name: z.string(),
    type: z.string(),
    state: z
      .enum(['running', 'paused', 'failing', 'idle'])
      .describe('running: a task that is not silent feeds it; idle: none does'),
    cursor_block: z.int().nullable().describe('up to this block all is delivered; null: nothing is'),
    behind: z.int().describe('blocks that have been read and are yet to be delivered'),
    dead_letters: z.int().describe('messages that the receiver refuses for good'),
    last_error: z.string().nullable(),
    last_error_time: shownInstant.nullable(),
  })
  .meta({ id: 'Sink' });

const letterSchema = z
  .strictObject({
    letter_id: z.int(),
    id: z.string(),
    op: z.enum(['insert', 'remove']),
    seq: z.int(),
    block_number: z.int(),
    event_name: z.string().nullable(),
    attempts: z.int(),
    error: z.string(),
    create_time: shownInstant,
    data: z.unknown(),
  })
  .meta({ id: 'DeadLetter' });

const tag = 'pipelines';
const base = '/api/v1/pipeline/{id}/sinks';
const sinkParams = z.object({ id, sink: z.string().min(1).max(255) });
const letterQuery = z.object({ limit: wholeNumber(1, 1_000).default(20) });
const replayBody = z.strictObject({ from_block: numberInBody(0, maxBlock) });
const lettersBody = z
  .strictObject({
    // Whoever chose none must not get all.
    letters: z
      .array(idInBody)
      .min(1, { error: 'names no dead letter: leave it out to take all' })
      .max(1_000)
      .optional(),
  })
  .describe('these dead letters; all where `letters` is left out');

type Which = z.output<typeof sinkParams>;

/** The routes about sinks. */
export function sinkRoutes({ database, settings }: ApiParts): readonly Route[] {
  const pipelines = new PipelineStore(database);
  const store = new SinkStore(database);
  const letters = new DeadLetterStore(database);
  const find = async (which: Which): Promise<SinkView> => {
    await pipelines.get(which.id);
    return readSink(database, settings.heartbeatIntervalSeconds, { pipelineId: which.id, name: which.sink });
  };
  /** Where nobody runs the pipeline, a worker delivers what has become due. */
  const deliver = async (pipelineId: number): Promise<unknown> =>
    queueDelivery(database, pipelineId, settings.heartbeatIntervalSeconds);
  const onSink = { tag, params: sinkParams } as const;
  const change = (verb: string, summary: string, work: (sink: SinkView) => Promise<void>): Route =>
    route({
      ...{ ...onSink, method: 'POST', path: `${base}/{sink}/${verb}`, summary, access: 'write' },
      ...{ answer: { schema: sinkSchema }, problems: [404] },
      handle: async ({ params }) => {
        await work(await find(params));
        return { json: sinkToJson(await find(params)) };
      },
    });
  const changeLetters = (verb: 'retry' | 'drop', summary: string): Route =>
    route({
      ...{ ...onSink, method: 'POST', path: `${base}/{sink}/dead-letters/${verb}`, summary, access: 'write' },
      ...{ body: lettersBody, answer: { schema: z.strictObject({ letters: z.int() }) }, problems: [404] },
      handle: async ({ params, body }) => {
        await find(params);
        const count = await letters[verb]({ pipelineId: params.id, sink: params.sink }, body.letters ?? 'all');
        if (verb === 'retry' && count > 0) await deliver(params.id);
        return { json: { letters: count } };
      },
    });
  return [
    route({
      method: 'GET',
      path: base,
      summary: 'List the sinks of a pipeline: how far each has delivered, and what keeps it.',
      ...{ tag, access: 'read', params: idParams, problems: [404] },
      answer: { schema: z.strictObject({ sinks: z.array(sinkSchema) }) },
      handle: async ({ params }) => {
        await pipelines.get(params.id);
        return {
          json: { sinks: (await readSinks(database, settings.heartbeatIntervalSeconds, params.id)).map(sinkToJson) },
        };
      },
    }),
    change('pause', 'Let a sink deliver nothing more until it is resumed.', (sink) =>
      store.setPaused(sink.pipelineId, sink, true),
    ),
    change('resume', 'Let a paused sink deliver again.', async (sink) => {
      await store.setPaused(sink.pipelineId, sink, false);
      await deliver(sink.pipelineId);
    }),
    route({
      ...{ ...onSink, method: 'POST', path: `${base}/{sink}/replay`, access: 'write', body: replayBody },
      summary: 'Have a sink send everything from a block on again.',
      ...{ answer: { schema: z.strictObject({ replay: z.int() }) }, problems: [404, 409] },
      handle: async ({ params, body }) => {
        const replay = await requestReplay(database, await find(params), body.from_block);
        await deliver(params.id);
        return { json: { replay } };
      },
    }),
    route({
      ...{ ...onSink, method: 'GET', path: `${base}/{sink}/dead-letters`, access: 'read', query: letterQuery },
      summary: 'List what the receiver of a sink refuses for good, the oldest first.',
      answer: { schema: z.strictObject({ dead_letters: z.array(letterSchema), total: z.int() }) },
      problems: [404],
      handle: async ({ params, query }) => {
        const { deadLetters: total } = await find(params);
        const found = await letters.list({ pipelineId: params.id, sink: params.sink }, query);
        return { json: { dead_letters: found.map(deadLetterToJson), total } };
      },
    }),
    changeLetters('retry', 'Try dead letters again.'),
    changeLetters('drop', 'Forget dead letters.'),
  ];
}
