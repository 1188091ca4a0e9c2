import { receiptsRoot } from '../../src/chain/blocks/receipts-root.js';
import { receiptsOf, toHex } from './simulated-chain.js';
import type { SimBlock, SimLog } from './simulated-chain.js';

/** An error object of JSON-RPC. */
export interface SimError {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

/** What a node refuses and how it behaves. */
export interface NodeTraits {
  /** How many blocks below the head the final one is; null: the node knows no `finalized` and no `safe`. */
  finalizedDistance: number | null;
  safeDistance: number;
  /** The most blocks of a range, and what a larger one is answered with. */
  maxRange: number;
  rangeError: SimError;
  /** The most logs of an answer, and what a larger one is answered with. */
  maxResults: number;
  resultsError: SimError;
  /** Give logs a `blockTimestamp`: the real one, or zero. */
  logTimestamps: 'none' | 'real' | 'zero';
  /** Give some logs twice, and out of order. */
  repeats: boolean;
  /** Logs that nobody asked for, added to every answer. */
  strays: readonly SimLog[];
  /**
   * How eth_getBlockReceipts is answered: not at all, rightly, rightly and with their root in the header, or without the last
   * log of each transaction.
   */
  receipts: 'none' | 'all' | 'rooted' | 'lacking';
  /** Show the root of a block's receipts in its header, whatever receipts are given. */
  roots?: boolean;
  /** Logs that eth_getLogs leaves out. */
  hides?: (log: SimLog) => boolean;
  /** Contracts without code, in lower case; left out: the node does not tell. */
  withoutCode?: readonly string[];
  /** The most addresses of a filter. */
  maxAddresses: number;
  /** Answer ranges beyond the head with `[]` (as most nodes do) or with an error. */
  beyondHead: 'silent' | 'error';
}

/** Thrown where the answer is an error object. */
export class SimRefusal extends Error {
  readonly error: SimError;
  constructor(error: SimError) {
    super(error.message);
    this.error = error;
  }
}

interface Filter {
  readonly fromBlock?: string;
  readonly toBlock?: string;
  readonly blockHash?: string;
  readonly address?: string | readonly string[];
  readonly topics?: readonly (string | readonly string[] | null)[];
}

/** Answers one call as a node that holds `blocks`, of which it has the logs of the first `logsUpTo` + 1. */
export function answerCall(
  call: { readonly method: string; readonly params: readonly unknown[] },
  blocks: readonly SimBlock[],
  logsUpTo: number,
  chainId: number,
  traits: NodeTraits,
): unknown {
  switch (call.method) {
    case 'eth_chainId':
      return toHex(chainId);
    case 'eth_blockNumber':
      return toHex(blocks.length - 1);
    case 'eth_getBlockByNumber':
      return headerOf(blocks[resolveTag(call.params[0] as string, blocks, traits)], traits);
    case 'eth_getBlockReceipts':
      if (traits.receipts !== 'none') return answerReceipts(call.params[0] as string, blocks, logsUpTo, traits);
      break;
    case 'eth_getCode':
      if (traits.withoutCode === undefined) break;
      return traits.withoutCode.includes(call.params[0] as string) ? '0x' : '0x6001';
    case 'eth_getLogs':
      return getLogs(call.params[0] as Filter, blocks, logsUpTo, traits);
  }
  throw new SimRefusal({ code: -32601, message: `the method ${call.method} does not exist/is not available` });
}

function answerReceipts(asked: string, blocks: readonly SimBlock[], logsUpTo: number, traits: NodeTraits): unknown {
  const block = asked.length === 66 ? blocks.find(({ hash }) => hash === asked) : blocks[Number(asked)];
  if (block === undefined || block.number > logsUpTo) return null;
  const receipts = receiptsOf(block);
  if (traits.receipts !== 'lacking') return receipts;
  return receipts.map((receipt) => ({ ...receipt, logs: receipt.logs.slice(0, -1) }));
}

function resolveTag(tag: string, blocks: readonly SimBlock[], traits: NodeTraits): number {
  const head = blocks.length - 1;
  if (tag === 'latest') return head;
  if (tag === 'finalized' || tag === 'safe') {
    if (traits.finalizedDistance === null)
      throw new SimRefusal({ code: -32602, message: `invalid argument 0: ${tag}` });
    return Math.max(0, head - (tag === 'safe' ? traits.safeDistance : traits.finalizedDistance));
  }
  return Number(tag);
}

/** Returns a block as a node shows it, without its transactions; null where there is none. */
export function headerOf(block: SimBlock | undefined, traits?: Partial<NodeTraits>): unknown {
  if (block === undefined) return null;
  const { number, hash, parentHash, timestamp, logsBloom } = block;
  const shown = { number: toHex(number), hash, parentHash, timestamp: toHex(timestamp), logsBloom, transactions: [] };
  const header = { ...block.header, ...shown };
  const isRooted = traits?.receipts === 'rooted' || traits?.roots === true;
  return isRooted ? { ...header, receiptsRoot: rootOf(block) } : header;
}

const roots = new WeakMap<SimBlock, string | null>();

function rootOf(block: SimBlock): string | null {
  const root = roots.get(block) ?? receiptsRoot(receiptsOf(block));
  roots.set(block, root);
  return root;
}

function getLogs(filter: Filter, blocks: readonly SimBlock[], logsUpTo: number, traits: NodeTraits): unknown[] {
  if ([filter.address ?? []].flat().length > traits.maxAddresses) {
    throw new SimRefusal({ code: -32602, message: 'exceed max addresses or topics per search position' });
  }
  const asked = blocksOf(filter, blocks, traits);
  if (filter.blockHash !== undefined && asked.some((block) => block.number > logsUpTo)) {
    throw new SimRefusal({ code: -32000, message: 'header not found' });
  }
  const passes = testOf(filter);
  const found = asked
    .filter((block) => block.number <= logsUpTo)
    .flatMap((block) =>
      block.logs.filter((log) => passes(log) && traits.hides?.(log) !== true).map((log) => stamped(log, block, traits)),
    );
  if (found.length > traits.maxResults) throw new SimRefusal(traits.resultsError);
  const repeated = traits.repeats ? [...found, ...found.slice(0, 3)].reverse() : found;
  return [...repeated, ...traits.strays];
}

function blocksOf(filter: Filter, blocks: readonly SimBlock[], traits: NodeTraits): readonly SimBlock[] {
  if (filter.blockHash !== undefined) {
    const block = blocks.find((candidate) => candidate.hash === filter.blockHash);
    if (block === undefined) throw new SimRefusal({ code: -32000, message: 'unknown block' });
    return [block];
  }
  const from = Number(filter.fromBlock);
  const to = Number(filter.toBlock);
  if (from > to) throw new SimRefusal({ code: -32602, message: 'invalid block range params' });
  if (to >= blocks.length && traits.beyondHead === 'error') {
    throw new SimRefusal({ code: -32602, message: 'block range extends beyond current head block' });
  }
  if (to - from + 1 > traits.maxRange) throw new SimRefusal(traits.rangeError);
  return blocks.slice(from, to + 1);
}

function testOf({ address, topics = [] }: Filter): (log: SimLog) => boolean {
  const addresses = address === undefined ? null : new Set([address].flat());
  const places = topics.map((wanted) => (wanted === null ? null : new Set([wanted].flat())));
  return (log) =>
    (addresses?.has(log.address) ?? true) && places.every((place, at) => place?.has(log.topics[at] ?? '') ?? true);
}

function stamped(log: SimLog, block: SimBlock, { logTimestamps }: NodeTraits): unknown {
  if (logTimestamps === 'none') return log;
  return { ...log, blockTimestamp: logTimestamps === 'zero' ? '0x0' : toHex(block.timestamp) };
}
