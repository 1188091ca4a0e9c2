import type { BlockHeader, BlockRef } from '../../model/block.js';
import type { Call } from '../../runtime/call.js';
import { ChainUnreachableError } from '../../runtime/errors.js';
import type { ChainClient } from '../blocks/chain-client.js';
import type { ChainView } from '../blocks/chain-view.js';
import type { BlockTag, HeadsAnswer } from '../blocks/header-outcome.js';
import type { Hearing } from '../blocks/hearing.js';
import type { JsonRpcEndpoint } from '../transport/rpc/json-rpc.js';
import { RpcError } from '../transport/errors/rpc-error.js';
import type { PortalAvoidance } from './portal-avoidance.js';
import { PortalFailedError } from './portal-trouble.js';

/** A chain that nodes tell of, and its portal of the blocks that they don't keep: whose history comes from there need not have an archive. */
export class PortalBackedChain implements ChainView {
  readonly #nodes: ChainClient;
  readonly #portal: Pick<ChainView, 'header'>;
  readonly #avoidance: Pick<PortalAvoidance, 'isOn'>;

  constructor(nodes: ChainClient, portal: Pick<ChainView, 'header'>, avoidance: Pick<PortalAvoidance, 'isOn'>) {
    this.#nodes = nodes;
    this.#portal = portal;
    this.#avoidance = avoidance;
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
    if (typeof block !== 'number') return this.#nodes.header(block, signal);
    try {
      const found = await this.#nodes.header(block, signal, !this.#avoidance.isOn);
      return found ?? (await this.#missed(block, signal));
    } catch (error) {
      if (!isPruned(error)) throw error;
      // Who was away, and not waited for, may have what the portal has not.
      return (await this.#kept(block, signal)) ?? (await this.#nodes.header(block, signal));
    }
  }

  head(signal: AbortSignal, lateMs?: number): Promise<BlockHeader | null> {
    return this.#nodes.head(signal, lateMs);
  }

  async headers(numbers: readonly number[], call: Call): Promise<(BlockHeader | null)[]> {
    try {
      const found = await this.#nodes.headers(numbers, call, !this.#avoidance.isOn);
      return await Promise.all(numbers.map(async (number, at) => found[at] ?? this.#missed(number, call.signal)));
    } catch (error) {
      if (!isPruned(error)) throw error;
      return await Promise.all(numbers.map((number) => this.header(number, call.signal)));
    }
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

  /** As `#kept`; null, too, of a new block: a node may lack that yet. */
  async #missed(block: number, signal: AbortSignal): Promise<BlockHeader | null> {
    return this.#nodes.isNew(block) ? null : this.#kept(block, signal);
  }

  /** Returns the header that the portal has of a block; null where it has none, gives none, or is not to be asked any more. */
  async #kept(block: number, signal: AbortSignal): Promise<BlockHeader | null> {
    if (this.#avoidance.isOn) return null;
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
