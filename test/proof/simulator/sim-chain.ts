import type { RollbackMessage, EventBatch } from '../../../src/model/batch.js';
import type { BlockRef } from '../../../src/model/block.js';
import type { ChainEvent } from '../../../src/model/event.js';

/** A reorganisation: from `atMs` on, the blocks above `block` are others. */
export interface SimReorg {
  readonly atMs: number;
  readonly block: number;
}

/** A chain whose blocks follow from their numbers: block 1 to `lastBlock`, and one reorganisation at most. */
export class SimChain {
  readonly lastBlock: number;
  readonly #reorg: SimReorg | null;

  constructor(lastBlock: number, reorg: SimReorg | null) {
    this.lastBlock = lastBlock;
    this.#reorg = reorg;
  }

  /** The hash of a block, at an instant of virtual time. */
  hash(block: number, nowMs: number): string {
    const fork = this.#reorg !== null && nowMs >= this.#reorg.atMs && block > this.#reorg.block ? 1 : 0;
    return hashOf(fork, block);
  }

  /** All events of the blocks from `from` to the one with this number and hash, as `block:log index:block hash`. */
  eventsUpTo(from: number, { number, hash }: BlockRef): readonly string[] {
    const hashes = Array.from({ length: Math.max(0, number - from + 1) }, (_, i) => this.#ancestor(hash, from + i));
    return hashes.flatMap((ofBlock, i) => eventsOf(from + i, ofBlock).map(eventId));
  }

  batch(from: number, to: number, nowMs: number): EventBatch {
    const blocks = Array.from({ length: to - from + 1 }, (_, i) => ({
      number: from + i,
      hash: this.hash(from + i, nowMs),
    }));
    return {
      kind: 'events',
      fromBlock: from,
      toBlock: to,
      toHash: this.hash(to, nowMs),
      events: blocks.flatMap(({ number, hash }) => eventsOf(number, hash)),
      undecoded: [],
      recentBlocks: blocks,
      finalizedBlock: 0,
    };
  }

  /** A step back to the newest of the remembered blocks that the chain still has; null where it has them all. */
  stepBack(remembered: readonly BlockRef[], nowMs: number): RollbackMessage | null {
    const standing = remembered.filter(({ number, hash }) => this.hash(number, nowMs) === hash);
    const ancestor = standing.at(-1);
    if (standing.length === remembered.length || ancestor === undefined) return null;
    return { kind: 'rollback', ancestor };
  }

  #ancestor(hash: string, block: number): string {
    const fork = forkOf(hash);
    return hashOf(this.#reorg !== null && block > this.#reorg.block ? fork : 0, block);
  }
}

function hashOf(fork: number, block: number): string {
  return `0x${fork.toString(16).padStart(2, '0')}${block.toString(16).padStart(62, '0')}`;
}

function forkOf(hash: string): number {
  return Number.parseInt(hash.slice(2, 4), 16);
}

const contract = '0x5FbDB2315678afecb367f032d93F642f64180aa3';

/** None to two events. */
function eventsOf(block: number, hash: string): readonly ChainEvent[] {
  return Array.from({ length: (block + forkOf(hash)) % 3 }, (_, logIndex) => ({
    blockNumber: block,
    blockHash: hash,
    timestamp: 1_700_000_000 + block,
    transactionHash: hash,
    transactionIndex: 0,
    logIndex,
    contractAddress: contract,
    eventName: 'Transfer',
    eventSignature: 'Transfer(address,address,uint256)',
    argsJson: '{}',
  }));
}

function eventId({ blockNumber, logIndex, blockHash }: ChainEvent): string {
  return `${blockNumber}:${logIndex}:${blockHash.slice(2)}`;
}
