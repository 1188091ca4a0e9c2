import type { Clock } from '../../runtime/clock.js';
import type { Logger } from '../../runtime/logger.js';
import type { JsonRpcEndpoint } from '../rpc/json-rpc.js';
import { RpcError } from '../errors/rpc-error.js';
import { rpcFailureOf } from '../errors/rpc-failure.js';
import { readQuantity } from '../rpc/rpc-values.js';

interface ChainCheckOptions {
  /** The chain that is meant; undefined: whichever the endpoint serves. */
  readonly chainId: number | undefined;
  /** How long the answer may take, in milliseconds. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How long an endpoint's chain is taken for granted even when its connection breaks, in milliseconds: some close each one. */
const verifiedForMs = 1_000;
/** After so long without an answer it may be another node that stands there, though nobody saw it go, in milliseconds. */
const heardForMs = 30_000;
/** How long an endpoint of another chain is left alone, in milliseconds: somebody may mend a proxy's settings. */
const strangeForMs = 600_000;

/** Knows whether an endpoint serves the chain that is meant: by asking it, once for all who want to know. */
export class ChainCheck {
  readonly #rpc: JsonRpcEndpoint;
  readonly #options: ChainCheckOptions;
  readonly #closing = new AbortController();
  /** By the monotonic clock; null where it must be asked first. */
  #verifiedAt: number | null = null;
  #heardAt = Number.NEGATIVE_INFINITY;
  #found: number | null = null;
  #foundAt = 0;
  #asking: Promise<RpcError | null> | null = null;

  constructor(rpc: JsonRpcEndpoint, options: ChainCheckOptions) {
    this.#rpc = rpc;
    this.#options = options;
    rpc.onConnect(() => this.doubt());
  }

  /** The id of another chain that the endpoint serves; null where it does not, as far as is known. */
  get strange(): number | null {
    return this.#found;
  }

  /** True where the endpoint serves another chain, and is not to be asked again yet. */
  get isPutAside(): boolean {
    return this.#found !== null && this.#options.clock.monotonic() - this.#foundAt < strangeForMs;
  }

  /** True where nobody has to ask before anything else is asked. */
  get isVerified(): boolean {
    const { chainId, clock } = this.#options;
    return chainId === undefined || (this.#verifiedAt !== null && clock.monotonic() - this.#heardAt < heardForMs);
  }

  /** True while somebody asks. */
  get isAsked(): boolean {
    return this.#asking !== null;
  }

  /** The endpoint has answered something. */
  heard(): void {
    this.#heardAt = this.#options.clock.monotonic();
  }

  /** What comes back after a lost connection may be another node. */
  doubt(): void {
    const age = this.#options.clock.monotonic() - (this.#verifiedAt ?? 0);
    if (age > verifiedForMs) this.#verifiedAt = null;
  }

  /** Has it asked again before anything else is asked. */
  distrust(): void {
    this.#verifiedAt = null;
  }

  /** Asks the endpoint, which may take a short time only; answers what went wrong, null where it told its chain. */
  ask(): Promise<RpcError | null> {
    this.#asking ??= this.#ask().finally(() => (this.#asking = null));
    return this.#asking;
  }

  close(): void {
    this.#closing.abort(new Error('closed'));
  }

  async #ask(): Promise<RpcError | null> {
    const ended = new AbortController();
    const signal = AbortSignal.any([ended.signal, this.#closing.signal]);
    void this.#expire(ended, signal).catch(() => undefined);
    try {
      this.#learn(readQuantity(await this.#rpc.call('eth_chainId', [], signal), 'the chain id'));
      return null;
    } catch (error) {
      return rpcFailureOf(error, this.#rpc.host);
    } finally {
      ended.abort();
    }
  }

  async #expire(ended: AbortController, signal: AbortSignal): Promise<void> {
    const { clock, timeoutMs } = this.#options;
    await clock.sleep(timeoutMs, signal);
    const message = `no answer within ${timeoutMs / 1_000} s`;
    ended.abort(new RpcError(message, { class: 'timeout', host: this.#rpc.host, lostConnection: true }));
  }

  #learn(found: number): void {
    const { chainId, clock, logger } = this.#options;
    const { host } = this.#rpc;
    const isOurs = chainId === undefined || found === chainId;
    if (isOurs && this.#found !== null) {
      logger.log('info', `${host} serves chain ${found} now: it is asked again`, { event: 'rpc.right_chain', host });
    }
    if (!isOurs && this.#found !== found) {
      const message = `${host} serves chain ${found}, not chain ${chainId}: it is put aside for ${strangeForMs / 60_000} min`;
      logger.log('error', message, { event: 'rpc.wrong_chain', host, chain_id: found });
    }
    this.#verifiedAt = isOurs ? clock.monotonic() : null;
    this.#found = isOurs ? null : found;
    this.#foundAt = clock.monotonic();
    this.heard();
  }
}
