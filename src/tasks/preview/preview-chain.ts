import { Chains } from '../../chain/chains.js';
import type { ChainAccess, ChainUse } from '../../chain/chains.js';
import type { PipelineSource } from '../../components/source-of.js';
import type { BlockRef } from '../../model/block.js';
import type { Clock } from '../../runtime/clock.js';
import { UsageError } from '../../runtime/errors.js';
import type { Logger } from '../../runtime/logger.js';
import type { Settings } from '../../settings/settings.js';
import { noBlock } from './preview-event.js';
import { findUrls } from '../run/prepare-run.js';

/** What a chain is opened with. */
export interface PreviewChainParts {
  readonly settings: Pick<Settings, 'rpcUrls' | 'maxRequests' | 'requestsPerSecond'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A chain that is reached only where something of it is needed: an event and a mapper can do without. */
export class PreviewChain implements ChainAccess {
  readonly #parts: PreviewChainParts;
  readonly #of: PipelineSource['chain'];
  readonly #readsPortal: boolean;
  #use: ChainUse | undefined;

  constructor(parts: PreviewChainParts, { chain, readsPortal }: PipelineSource) {
    this.#parts = parts;
    this.#of = chain;
    this.#readsPortal = readsPortal;
  }

  get id(): number {
    return this.#of.id;
  }

  get client(): ChainAccess['client'] {
    return this.#open().client;
  }

  get heads(): ChainAccess['heads'] {
    return this.#open().heads;
  }

  get logs(): ChainAccess['logs'] {
    return this.#open().logs;
  }

  /** Returns a block, the newest where no number is given; without its hash where nobody can be asked, or has it. */
  async block(number: number | undefined, signal: AbortSignal): Promise<BlockRef> {
    const hasUrls = this.#parts.settings.rpcUrls(this.#of.name).length > 0;
    const header = hasUrls ? await this.client.header(number ?? 'latest', signal) : null;
    return header ?? { ...noBlock, number: number ?? 0 };
  }

  /** Closes the connections, where there are any. */
  async close(): Promise<void> {
    await this.#use?.close();
  }

  #open(): ChainUse {
    const { settings, clock, logger } = this.#parts;
    const { name, id: chainId } = this.#of;
    if (this.#readsPortal && settings.rpcUrls(name).length === 0) throw portalAlone(name);
    this.#use ??= new Chains({ clock, load: settings }).open({ chainId, urls: findUrls(settings, name), logger });
    return this.#use;
  }
}

/** A run would need no endpoint: it is said why this does. */
function portalAlone(chainName: string): UsageError {
  const message = `no RPC URL is set for chain '${chainName}', and a preview asks no portal`;
  return new UsageError(message, {
    hint: 'give --rpc-url URL, or an event by --event JSON; events that a run has stored are shown without',
  });
}
