import type { BlockHeader } from '../../model/block.js';
import type { Clock } from '../../runtime/clock.js';
import { messageOf } from '../../runtime/errors.js';
import type { Logger } from '../../runtime/logger.js';
import { backoffMs } from '../../runtime/retry.js';
import type { JsonRpcEndpoint } from '../transport/rpc/json-rpc.js';
import { RpcError } from '../transport/errors/rpc-error.js';
import { readQuantity } from '../transport/rpc/rpc-values.js';
import { readHeader } from './read-header.js';

interface HeadSubscriptionOptions {
  /** Endpoints that can tell news by themselves; the first that does is listened to. */
  readonly endpoints: readonly JsonRpcEndpoint[];
  /** Says whether the endpoint of a name is put aside. */
  readonly isPutAside: (endpoint: string) => boolean;
  /** The chain that is meant. */
  readonly chainId: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface HeadListener {
  readonly told: (header: BlockHeader, endpoint: string) => void;
  /** A subscription has begun: what came before was not told. */
  readonly began: () => void;
  readonly ended: () => void;
}

const backoff = { firstMs: 250, maxMs: 30_000 };
/** How long a node that tells no heads is not asked for it again, in milliseconds. */
const refusedMs = 600_000;

/** Subscribes to a chain's new heads, and again, at this or another endpoint, whenever the subscription ends. */
export class HeadSubscription {
  readonly #options: HeadSubscriptionOptions;
  readonly #closing = new AbortController();
  #listener: HeadListener = { told: () => undefined, began: () => undefined, ended: () => undefined };
  #current: JsonRpcEndpoint | null = null;
  #told = 0;

  constructor(options: HeadSubscriptionOptions) {
    this.#options = options;
  }

  start(listener: HeadListener): void {
    this.#listener = listener;
    void this.#run().catch(() => undefined);
  }

  /** Drops the connection, and so begins anew. */
  restart(): void {
    this.#current?.push?.reset();
  }

  close(): void {
    this.#closing.abort();
  }

  async #run(): Promise<void> {
    const { endpoints, clock } = this.#options;
    let failures = 0;
    for (let turn = 0; ; turn++) {
      const endpoint = endpoints[turn % endpoints.length];
      if (endpoint === undefined) return;
      const told = this.#told;
      const isRefused = await this.#follow(endpoint);
      this.#closing.signal.throwIfAborted();
      failures = this.#told > told ? 1 : failures + 1;
      const isOver = isRefused && failures >= endpoints.length;
      await clock.sleep(isOver ? refusedMs : backoffMs(failures, backoff), this.#closing.signal);
    }
  }

  /** Listens until the connection ends; says whether the endpoint will not tell heads at all. */
  async #follow(endpoint: JsonRpcEndpoint): Promise<boolean> {
    this.#current = endpoint;
    endpoint.push?.listen((params) => this.#hear(endpoint, params));
    try {
      await this.#subscribe(endpoint);
    } catch (error) {
      this.#log('debug', `${endpoint.name} tells no new heads: ${messageOf(error)}`, endpoint);
      // Who is put aside is asked again soon: another one whose connection broke may be all there is.
      if (this.#options.isPutAside(endpoint.name)) return false;
      return !(error instanceof RpcError && (error.retryable || error.lostConnection));
    }
    this.#log('debug', `${endpoint.name} tells new heads`, endpoint);
    this.#listener.began();
    await endpoint.push?.ended();
    if (this.#closing.signal.aborted) return false;
    this.#log('info', `the connection over which ${endpoint.name} told new heads has ended`, endpoint);
    this.#listener.ended();
    return false;
  }

  async #subscribe(endpoint: JsonRpcEndpoint): Promise<void> {
    const { chainId } = this.#options;
    const signal = this.#closing.signal;
    if (this.#options.isPutAside(endpoint.name)) throw new Error('it is put aside');
    const found = readQuantity(await endpoint.call('eth_chainId', [], signal), 'the chain id');
    if (found !== chainId) throw new Error(`it serves chain ${found}, not chain ${chainId}`);
    await endpoint.call('eth_subscribe', ['newHeads'], signal);
  }

  #hear(endpoint: JsonRpcEndpoint, params: unknown): void {
    if (this.#closing.signal.aborted || endpoint !== this.#current) return;
    try {
      const header = readHeader((params as { readonly result?: unknown } | null)?.result);
      if (header === null) return;
      this.#told++;
      this.#listener.told(header, endpoint.name);
    } catch (error) {
      this.#log('debug', `${endpoint.name} tells a head that is none: ${messageOf(error)}`, endpoint);
    }
  }

  #log(level: 'debug' | 'info', message: string, { name }: JsonRpcEndpoint): void {
    this.#options.logger.log(level, message, { event: 'heads.subscription', endpoint: name });
  }
}
