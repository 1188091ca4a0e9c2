import type { BlockRange } from '../../model/block.js';
import type { Alternatives, LogFilter } from '../../model/log-filter.js';
import { chunks } from '../../runtime/chunks.js';
import { partsOf } from '../blocks/log-filter.js';

/** What a stream is asked for, as the portal reads it. */
export interface PortalQuery extends Readonly<Record<string, unknown>> {
  readonly fromBlock: number;
  readonly toBlock: number;
}

/** How long the part of a request is that says which logs are wanted: of the whole SQD's workers take no more than 256 KiB. */
const mostText = 240_000;

const blockFields = { number: true, hash: true, parentHash: true, timestamp: true } as const;
const logFields = {
  ...{ address: true, topics: true, data: true },
  ...{ transactionHash: true, transactionIndex: true, logIndex: true },
} as const;

/** Returns filters that match together what one does, each of them for a request of its own. */
export function portalRequests(filter: LogFilter): readonly LogFilter[] {
  const requests: LogFilter[][] = [];
  let room = 0;
  for (const part of partsOf(filter).flatMap(cut)) {
    const length = textLength(part);
    if (length > room) {
      requests.push([]);
      room = mostText;
    }
    requests.at(-1)?.push(part);
    room -= length;
  }
  return requests.map(([first, ...or]) => ({ ...(first as LogFilter), ...(or.length === 0 ? {} : { or }) }));
}

/** Halves the longest list of values, again and again, until each part fits into a request. */
function cut(part: LogFilter): readonly LogFilter[] {
  if (textLength(part) <= mostText) return [part];
  const { addresses, topics, indexed = [] } = part;
  const lists = [addresses, topics, ...indexed];
  const longest = lists.reduce((most, list, at) => (lengthOf(list) > lengthOf(lists[most]) ? at : most), 0);
  const values = lists[longest] ?? [];
  if (values.length < 2) return [part];
  return chunks(values, Math.ceil(values.length / 2)).flatMap((half) => {
    const [some = null, first = null, ...others] = lists.map((list, at) => (at === longest ? half : list));
    return cut({ ...part, addresses: some, topics: first, ...(part.indexed === undefined ? {} : { indexed: others }) });
  });
}

function lengthOf(list: Alternatives | undefined): number {
  return list?.length ?? 0;
}

function textLength(part: LogFilter): number {
  return JSON.stringify(logRequest(part)).length + 1;
}

/** Returns the query for the logs of a range; `parentHash` is the hash of the block before it, where that is known. */
export function logsQuery(filter: LogFilter, { from, to }: BlockRange, parentHash?: string): PortalQuery {
  return {
    ...headersQuery({ from, to }, parentHash),
    fields: { block: blockFields, log: logFields },
    logs: partsOf(filter).map(logRequest),
  };
}

/** Returns the query for the first and the last header of a range. */
export function headersQuery({ from, to }: BlockRange, parentHash?: string): PortalQuery {
  const range = { type: 'evm', fromBlock: from, toBlock: to };
  return {
    ...range,
    ...(parentHash === undefined ? {} : { parentBlockHash: parentHash }),
    fields: { block: blockFields },
  };
}

function logRequest({ addresses, topics, indexed = [] }: LogFilter): Readonly<Record<string, readonly string[]>> {
  const places = [topics, ...indexed];
  const named = places.flatMap((items, at) => (items === null ? [] : [[`topic${at}`, items] as const]));
  return Object.fromEntries([...(addresses === null ? [] : [['address', addresses] as const]), ...named]);
}
