import type { Clock } from '../runtime/clock.js';
import type { LogFields, LogLevel, Logger } from '../runtime/logger.js';
import { ChainClient } from './blocks/chain-client.js';
import type { ObserveChain } from './transport/rpc/chain-notice.js';
import type { EndpointReport } from './transport/endpoints/endpoint-report.js';
import type { ChainLoad } from './transport/endpoints/endpoint-pool.js';
import { HeadFeed } from './blocks/head-feed.js';
import { SharedLogs } from './logs/shared-logs.js';

/** What a source needs of its chain. */
export interface ChainAccess {
  readonly client: ChainClient;
  readonly heads: HeadFeed;
  /** New blocks, whole. */
  readonly logs: SharedLogs;
}

/** A chain as one of its users holds it. */
export interface ChainUse extends ChainAccess {
  /** Gives it back; the last one closes the connections. May be called twice. */
  close(): Promise<void>;
}

interface ChainSpec {
  readonly chainId: number;
  readonly urls: readonly string[];
  /** Hears of the chain's troubles as long as it is held. */
  readonly logger: Logger;
}

/** Looks at the endpoints of a chain from its opening on, by what `health` tells; returns what ends that. */
export type WatchEndpoints = (chainId: number, health: () => readonly EndpointReport[]) => () => Promise<void>;

export interface ChainsOptions {
  readonly clock: Clock;
  /** Hears of every chain's requests. */
  readonly observe?: ObserveChain | undefined;
  readonly watchEndpoints?: WatchEndpoints | undefined;
  /** How long the logs of a new block are doubted that nothing proves, in milliseconds; 0: not. */
  readonly doubtMs?: number | undefined;
  /** How much the endpoints of each chain are asked. */
  readonly load?: ChainLoad | undefined;
}

/** The chains of one process: pipelines on the same chain and URLs share endpoints, heads, headers and the logs of new blocks. */
export class Chains {
  readonly #options: ChainsOptions;
  readonly #open = new Map<string, SharedChain>();

  constructor(options: ChainsOptions) {
    this.#options = options;
  }

  open({ chainId, urls, logger }: ChainSpec): ChainUse {
    const key = [chainId, ...urls].join(' ');
    const shared = this.#open.get(key) ?? new SharedChain(chainId, urls, this.#options);
    this.#open.set(key, shared);
    const leave = shared.join(logger);
    const close = async (): Promise<void> => {
      if (!leave() || shared.isHeld) return;
      if (this.#open.get(key) === shared) this.#open.delete(key);
      await shared.close();
    };
    return { client: shared.client, heads: shared.heads, logs: shared.logs, close };
  }
}

/** One chain and the loggers of those who hold it. */
class SharedChain implements ChainAccess {
  readonly client: ChainClient;
  readonly heads: HeadFeed;
  readonly logs: SharedLogs;
  readonly #holders = new Set<{ readonly logger: Logger }>();
  readonly #endWatch: (() => Promise<void>) | undefined;

  constructor(chainId: number, urls: readonly string[], options: ChainsOptions) {
    const { clock, observe, doubtMs, load, watchEndpoints } = options;
    const logger: Logger = { log: (...line) => this.#log(...line) };
    this.client = new ChainClient({ urls, chainId, clock, logger, observe, doubtMs, ...load });
    this.heads = new HeadFeed({ chain: this.client, chainId, clock, logger });
    this.logs = new SharedLogs({ chain: this.client, clock, logger });
    this.#endWatch = watchEndpoints?.(chainId, () => this.client.health());
  }

  get isHeld(): boolean {
    return this.#holders.size > 0;
  }

  /** Returns what ends the hold; it says whether it was the first time. */
  join(logger: Logger): () => boolean {
    const holder = { logger };
    this.#holders.add(holder);
    return () => this.#holders.delete(holder);
  }

  async close(): Promise<void> {
    this.heads.close();
    await Promise.all([this.client.close(), this.#endWatch?.()]);
  }

  #log(level: LogLevel, message: string, fields?: LogFields): void {
    for (const { logger } of this.#holders) logger.log(level, message, fields);
  }
}
