import type { EventMonitorConfig } from '../../../src/components/event-monitor/config.js';
import { transferTopic } from '../../support/simulated-chain.js';
import type { SimBlock, SimLog } from '../../support/simulated-chain.js';
import type { Row } from '../simulator/engine.js';

/** Says which rows a definition wants of blocks, as texts that hold all that must be right; the program is not asked. */
export class ExpectedRows {
  readonly #definition: EventMonitorConfig;
  readonly #addresses: ReadonlySet<string> | null;
  readonly #known = new WeakMap<SimBlock, readonly string[]>();

  constructor(definition: EventMonitorConfig) {
    this.#definition = definition;
    const addresses = definition.contracts[0]?.addresses ?? null;
    this.#addresses = addresses && new Set(addresses);
  }

  of(block: SimBlock): readonly string[] {
    const known = this.#known.get(block);
    if (known !== undefined) return known;
    const rows = block.logs.map((log) => this.#row(log, block)).filter((row) => row !== null);
    this.#known.set(block, rows);
    return rows;
  }

  #row(log: SimLog, block: SimBlock): string | null {
    const { keepUnknown, addressFilters } = this.#definition;
    const { topics, data } = log;
    if (this.#addresses?.has(log.address) === false || (!keepUnknown && topics[0] !== transferTopic)) return null;
    const place = placeOf(log, block);
    const reason = undecodedBecause(log);
    if (reason !== null) return `${place} ${reason} ${topics.join()} ${data}`;
    const [from = '', to = ''] = topics.slice(1).map((topic) => `0x${topic.slice(26)}`);
    if (addressFilters.length > 0 && ![from, to].some((party) => addressFilters.includes(party))) return null;
    return `${place} ${from} ${to} ${BigInt(data)}`;
  }
}

function undecodedBecause({ topics, data }: SimLog): string | null {
  if (topics.length === 0) return 'no_topics';
  if (topics[0] !== transferTopic) return 'unknown_event';
  if (topics.length !== 3) return 'indexed_mismatch';
  return data.length === 66 ? null : 'undecodable';
}

function placeOf(log: SimLog, block: SimBlock): string {
  const place = [block.number, Number(log.logIndex), block.hash, log.transactionHash, Number(log.transactionIndex)];
  return [...place, log.address, block.timestamp].join(' ');
}

/** What is read of the tables `event` and `undecoded_log` for `textOf`. */
export const positionColumns =
  "block_number, log_index, '0x' || LOWER(HEX(block_hash)) AS hash, '0x' || LOWER(HEX(transaction_hash)) AS tx, transaction_index, '0x' || LOWER(HEX(contract_address)) AS address, block_timestamp";

/** A stored row as the text that ExpectedRows gives. */
export function textOf(row: Row): string {
  const { block_number, log_index, hash, tx, transaction_index, address, block_timestamp } = row;
  const place = [block_number, log_index, hash, tx, transaction_index, address, block_timestamp].join(' ');
  const { args, reason, topics, data } = row as Readonly<Record<string, string>>;
  if (args === undefined)
    return `${place} ${reason ?? ''} ${(JSON.parse(topics ?? '') as string[]).join()} ${data ?? ''}`;
  const { from, to, value } = JSON.parse(args) as Record<string, string>;
  return `${place} ${from?.toLowerCase() ?? ''} ${to?.toLowerCase() ?? ''} ${value ?? ''}`;
}
