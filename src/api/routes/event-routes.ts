import { EventStore } from '../../database/events/event-store.js';
import type { EventPlace } from '../../database/events/event-key.js';
import { eventCsvHeader, eventCsvRow } from '../../model/event-csv.js';
import { eventToJson } from '../../model/event-json.js';
import type { StoredEvent } from '../../model/stored-event.js';
import { UsageError } from '../../runtime/errors.js';
import { checkEventName } from '../../tasks/views/check-event-name.js';
import { readOrigin, withChecksum } from '../../tasks/views/stored-events.js';
import type { ApiParts } from '../api-parts.js';
import { ProblemError } from '../problem.js';
import { route, type Route } from '../route.js';
import { eventPageSchema, eventsQuery } from '../schemas/event-schemas.js';
import { idParams } from '../schemas/parameters.js';

const tag = 'events';
const base = '/api/v1/pipeline';
const jsonMedia = 'application/json; charset=utf-8';
const csvMedia = 'text/csv; charset=utf-8';

/** The routes about stored events. */
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
        answer: { schema: eventPageSchema, other: csvMedia },
        problems: [404],
      },
      handle: async ({ params, query }) => {
        const { from_block: fromBlock, to_block: toBlock, order, limit, cursor, format } = query;
        const origin = await readOrigin(database, params.id);
        // Signatures are stored without blanks, and people write one behind a comma.
        const event = query.event?.replace(/\s+/g, '');
        if (event !== undefined) await checkEventName(database, params.id, event).catch(refuseEvent);
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
  ];
}

function readCursor(cursor: string | undefined): EventPlace | undefined {
  if (cursor === undefined) return undefined;
  const [blockNumber, logIndex, transactionHash = ''] = cursor.split('-');
  return { blockNumber: Number(blockNumber), logIndex: Number(logIndex), transactionHash };
}

/** Where the event's name came from its route alone knows. */
function refuseEvent(error: unknown): never {
  if (!(error instanceof UsageError)) throw error;
  const { code, message, hint } = error;
  throw new ProblemError(400, code, message, { hint, errors: [{ path: 'query.event', message }] });
}

function cursorOf(event: StoredEvent | undefined): string | null {
  return event === undefined ? null : `${event.blockNumber}-${event.logIndex}-${event.transactionHash}`;
}
