import type { BlockRange } from '../../model/block.js';
import type { LogFilter } from '../../model/log-filter.js';
import { chunks } from '../../runtime/chunks.js';
import { partsOf } from '../blocks/log-filter.js';

/** What a stream is asked for, as the portal reads it. */
export interface PortalQuery extends Readonly<Record<string, unknown>> {
  readonly fromBlock: number;
  readonly toBlock: number;
}

/** How many addresses one request names: its text stays under 256 KB, of which SQD's workers take no more. */
const addressesPerRequest = 4_000;

const blockFields = { number: true, hash: true, parentHash: true, timestamp: true } as const;
const logFields = {
  ...{ address: true, topics: true, data: true },
  ...{ transactionHash: true, transactionIndex: true, logIndex: true },
} as const;

/** Returns filters that match together what one does, each of them for a request of its own. */
export function portalRequests(filter: LogFilter): readonly LogFilter[] {
  const small: LogFilter[] = [];
  const large: LogFilter[] = [];
  for (const part of partsOf(filter)) {
    const cut = cutAddresses(part);
    if (cut.length === 1) small.push(part);
    else large.push(...cut);
  }
  const [first, ...or] = small;
  return [...(first === undefined ? [] : [or.length === 0 ? first : { ...first, or }]), ...large];
}

function cutAddresses(part: LogFilter): readonly LogFilter[] {
  const { addresses } = part;
  if (addresses === null || addresses.length <= addressesPerRequest) return [part];
  return chunks(addresses, addressesPerRequest).map((some) => ({ ...part, addresses: some }));
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
