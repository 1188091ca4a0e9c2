import type { BlockHeader, BlockRef } from '../../model/block.js';
import type { Call } from '../../runtime/call.js';
import { ChainUnreachableError } from '../../runtime/errors.js';
import type { ChainClient } from '../blocks/chain-client.js';
import type { ChainView } from '../blocks/chain-view.js';
import type { BlockTag, HeadsAnswer } from '../blocks/header-outcome.js';
import type { Hearing } from '../blocks/hearing.js';
import type { JsonRpcEndpoint } from '../transport/rpc/json-rpc.js';
import { RpcError } from '../transport/errors/rpc-error.js';
import { PortalFailedError } from './portal-trouble.js';

/** A chain that nodes tell of, and its portal of the blocks that they don't keep: whose history comes from there need not have an archive. */
export class PortalBackedChain implements ChainView {
  readonly #nodes: ChainClient;
  readonly #portal: Pick<ChainView, 'header'>;

  constructor(nodes: ChainClient, portal: Pick<ChainView, 'header'>) {
    this.#nodes = nodes;
    this.#portal = portal;
  }

  get settledDepth(): number {
    return this.#nodes.settledDepth;
  }

  get doubts(): number {
    return this.#nodes.doubts;
  }

  get telling(): readonly JsonRpcEndpoint[] {
    return this.#nodes.telling;
  }

  chainId(signal: AbortSignal): Promise<number> {
    return this.#nodes.chainId(signal);
  }

  askForChain(signal: AbortSignal): Promise<void> {
    return this.#nodes.askForChain(signal);
  }

  whoHas(block: BlockRef, signal: AbortSignal): Promise<Hearing> {
    return this.#nodes.whoHas(block, signal);
  }

  async header(block: number | BlockTag, signal: AbortSignal): Promise<BlockHeader | null> {
    try {
      const found = await this.#nodes.header(block, signal);
      // A new block that is not there is one that a node lacks yet.
      if (found !== null || typeof block !== 'number' || this.#nodes.isNew(block)) return found;
    } catch (error) {
      if (typeof block !== 'number' || !isPruned(error)) throw error;
      const kept = await this.#kept(block, signal);
      if (kept === null) throw error;
      return kept;
    }
    return this.#kept(block, signal);
  }

  async headers(numbers: readonly number[], call: Call): Promise<(BlockHeader | null)[]> {
    const found = await this.#nodes.headers(numbers, call).catch((error: unknown) => {
      if (!isPruned(error)) throw error;
      return numbers.map(() => null);
    });
    return Promise.all(numbers.map(async (number, at) => found[at] ?? this.header(number, call.signal)));
  }

  heads(tag: BlockTag, signal: AbortSignal): Promise<HeadsAnswer> {
    return this.#nodes.heads(tag, signal);
  }

  lookBehind(block: number, signal: AbortSignal): Promise<boolean> {
    return this.#nodes.lookBehind(block, signal);
  }

  isPutAside(endpoint: string): boolean {
    return this.#nodes.isPutAside(endpoint);
  }

  heard(header: BlockHeader, endpoint: string): void {
    this.#nodes.heard(header, endpoint);
  }

  /** Returns the header that the portal has of a block; null where it has none, or gives none. */
  async #kept(block: number, signal: AbortSignal): Promise<BlockHeader | null> {
    try {
      return await this.#portal.header(block, signal);
    } catch (error) {
      if (error instanceof PortalFailedError) return null;
      throw error;
    }
  }
}

function isPruned(error: unknown): boolean {
  const { cause } = error instanceof ChainUnreachableError ? error : { cause: error };
  return cause instanceof RpcError && cause.class === 'pruned';
}
