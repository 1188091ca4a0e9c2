import type { ChainClient } from '../../chain/blocks/chain-client.js';
import { NodeLagsError } from '../../chain/blocks/consistency.js';
import type { RangeReader } from '../../chain/blocks/range-reader.js';
import { PortalAvoidance } from '../../chain/portal/portal-avoidance.js';
import { PortalBackedChain } from '../../chain/portal/portal-backed-chain.js';
import { PortalChain } from '../../chain/portal/portal-chain.js';
import type { PortalClient } from '../../chain/portal/portal-client.js';
import type { PortalHealth } from '../../chain/portal/portal-health.js';
import { PortalHead } from '../../chain/portal/portal-head.js';
import { PortalHistory } from '../../chain/portal/portal-history.js';
import { PortalSamples } from '../../chain/portal/portal-samples.js';
import type { SamplesRest } from '../../chain/portal/portal-samples.js';
import { PortalSource } from '../../chain/portal/portal-source.js';
import type { PortalSourceOptions } from '../../chain/portal/portal-source.js';
import { PortalPatience } from '../../chain/portal/portal-trouble.js';
import type { LogFilter } from '../../model/log-filter.js';
import type { Clock } from '../../runtime/clock.js';
import type { Logger } from '../../runtime/logger.js';

interface PortalReadingOptions {
  readonly client: PortalClient;
  /** Hears how it is; left out: nobody does. */
  readonly health?: PortalHealth | undefined;
  readonly dataset: string;
  readonly chainId: number;
  /** What the portal's answers are held against; null: nothing. */
  readonly nodes: ChainClient | null;
  readonly batchSize: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What one run reads of its chain from a portal. */
export class PortalReading {
  readonly #options: PortalReadingOptions & { readonly patience: PortalPatience };
  readonly #head: PortalHead;
  /** One for all sources: those of a factory's children are opened anew with each child. */
  readonly #avoidance: PortalAvoidance;
  readonly #rest: SamplesRest = { until: Number.NEGATIVE_INFINITY };

  constructor(options: PortalReadingOptions) {
    const patience = new PortalPatience({ ...options, hasNodes: options.nodes !== null });
    this.#options = { ...options, patience };
    this.#head = new PortalHead(this.#options);
    this.#avoidance = new PortalAvoidance(options);
  }

  /** Returns the chain as far as the portal tells it. */
  chain(): PortalChain {
    return new PortalChain({ ...this.#options, head: this.#head });
  }

  /** Returns the chain as nodes tell it, and the portal where they don't keep its history. */
  behind(nodes: ChainClient): PortalBackedChain {
    return new PortalBackedChain(nodes, this.chain(), this.#avoidance);
  }

  /** Returns what is to be told where the portal shows no block to who has no node. */
  nothingYet(): NodeLagsError {
    const { client, dataset } = this.#options;
    return new NodeLagsError(`the portal ${client.host} has no final block of data set ${dataset} yet`, {
      hint: 'check portal_dataset and --portal-url, try again later, or read from a node: set an RPC URL by --rpc-url',
    });
  }

  /** Opens a source of what settled blocks hold; `others` gives what the portal can't, null where nobody does. */
  open(filter: LogFilter, others: RangeReader | null): RangeReader {
    const { nodes: chain, ...options } = this.#options;
    const samples = chain && new PortalSamples({ ...options, chain, filter, rest: this.#rest });
    const check: PortalSourceOptions['check'] = (fetched, signal) =>
      samples?.check(fetched, signal) ?? Promise.resolve();
    const portal = new PortalSource({ ...options, head: this.#head, filter, check });
    return new PortalHistory({ ...options, portal, head: this.#head, nodes: others, avoidance: this.#avoidance });
  }
}
