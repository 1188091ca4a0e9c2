import type { Decoded } from '../../chain/abi/decoder.js';
import { EventStore } from '../../database/events/event-store.js';
import type { EventPlace } from '../../database/events/event-key.js';
import { sourceOf } from '../../components/source-of.js';
import type { PipelineSource } from '../../components/source-of.js';
import { PipelineStore } from '../../database/pipelines/pipeline-store.js';
import { eventCsvHeader, eventCsvRow } from '../../model/event-csv.js';
import type { RawLog } from '../../model/event.js';
import { eventToJson } from '../../model/event-json.js';
import type { StoredEvent } from '../../model/stored-event.js';
import type { Pipeline } from '../../model/pipeline.js';
import { checkEventName } from '../../tasks/views/check-event-name.js';
import { readOrigin, withChecksum } from '../../tasks/views/stored-events.js';
import type { ApiParts } from '../api-parts.js';
import { ProblemError } from '../problem.js';
import { route, type Route } from '../route.js';
import { eventPageSchema, eventsQuery, previewBody, previewSchema } from '../schemas/event-schemas.js';
import { idParams } from '../schemas/parameters.js';

const tag = 'events';
const base = '/api/v1/pipeline';
const jsonMedia = 'application/json; charset=utf-8';
const csvMedia = 'text/csv; charset=utf-8';

/** The routes about events: those that are stored, and what logs would become. */
export function eventRoutes({ database }: ApiParts): readonly Route[] {
  const events = new EventStore(database);
  return [
    route({
      method: 'GET',
      path: `${base}/{id}/events`,
      summary:
        "List a pipeline's events in the order of the chain, or from the newest on; next_cursor leads to the next page.",
      ...{
        tag,
        access: 'read',
        params: idParams,
        query: eventsQuery,
        answer: { schema: eventPageSchema },
        problems: [404],
      },
      handle: async ({ params, query }) => {
        const { from_block: fromBlock, to_block: toBlock, order, limit, cursor, format } = query;
        const origin = await readOrigin(database, params.id);
        // Signatures are stored without blanks, and people write one behind a comma.
        const event = query.event?.replace(/\s+/g, '');
        if (event !== undefined) await checkEventName(database, params.id, event);
        const filter = { pipelineId: params.id, fromBlock, toBlock, event };
        const part = { after: readCursor(cursor), descending: order === 'desc', limit };
        const found = (await events.part(filter, part)).map(withChecksum);
        const next = found.length < limit ? null : cursorOf(found.at(-1));
        if (format === 'csv') {
          const rows = found.map((stored) => eventCsvRow(stored, origin));
          const text = [...(cursor === undefined ? [eventCsvHeader] : []), ...rows].join('');
          return { media: csvMedia, text, headers: next === null ? {} : { 'next-cursor': next } };
        }
        const texts = found.map((stored) => eventToJson(stored, origin));
        // Parsed, arguments that are named like numbers would change their order.
        return { media: jsonMedia, text: `{"events":[${texts.join(',')}],"next_cursor":${JSON.stringify(next)}}` };
      },
    }),
    route({
      method: 'POST',
      path: `${base}/transform/preview`,
      summary:
        'Decode logs as a pipeline would, and store nothing. There are no stages behind a source in this version yet: what it decodes is what comes out.',
      ...{ tag, access: 'read', body: previewBody, answer: { schema: previewSchema }, problems: [404, 501] },
      handle: async ({ body }) => {
        const pipeline = await new PipelineStore(database).get(body.pipeline_id);
        const decoder = await previewable(pipeline).decoder();
        const results = body.logs.map((log) => resultText(decoder.decode(toRawLog(log))));
        return {
          media: jsonMedia,
          text: `{"pipeline_id":${pipeline.id},"stages":[],"results":[${results.join(',')}]}`,
        };
      },
    }),
  ];
}

function readCursor(cursor: string | undefined): EventPlace | undefined {
  if (cursor === undefined) return undefined;
  const [blockNumber, logIndex, transactionHash = ''] = cursor.split('-');
  return { blockNumber: Number(blockNumber), logIndex: Number(logIndex), transactionHash };
}

function cursorOf(event: StoredEvent | undefined): string | null {
  return event === undefined ? null : `${event.blockNumber}-${event.logIndex}-${event.transactionHash}`;
}

function previewable({ id, components }: Pipeline): PipelineSource {
  const [first, ...stages] = components;
  if (first === undefined) throw new ProblemError(501, 'NOT_IMPLEMENTED', `pipeline ${id} has no component`);
  if (stages.length === 0) return sourceOf({ id, components });
  const types = stages.map(({ type }) => type).join(', ');
  throw new ProblemError(501, 'NOT_IMPLEMENTED', `what ${types} would make of an event can't be shown yet`, {
    hint: 'a pipeline of a source alone can be previewed',
  });
}

interface PreviewedLog {
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
}

/** Where a log stands on the chain does not matter to what it says. */
function toRawLog({ address, topics, data }: PreviewedLog): RawLog {
  const place = { blockNumber: 0, blockHash: '', transactionHash: '', transactionIndex: 0, logIndex: 0 };
  return { ...place, address, topics, data, blockTimestamp: undefined, removed: false };
}

function resultText(decoded: Decoded): string {
  if (decoded.kind !== 'event') return JSON.stringify(decoded);
  const { eventName, eventSignature, argsJson } = decoded;
  const name = `"event_name":${JSON.stringify(eventName)},"event_signature":${JSON.stringify(eventSignature)}`;
  return `{"kind":"event",${name},"args":${argsJson}}`;
}
