import type { BlockHeader, BlockRef } from '../../model/block.js';
import type { ChainView } from '../blocks/chain-view.js';
import type { HeadsAnswer } from '../blocks/header-outcome.js';
import { hear } from '../blocks/hearing.js';
import type { Hearing } from '../blocks/hearing.js';
import { PortalAnswer } from './portal-answer.js';
import { PortalError } from './portal-error.js';
import type { PortalHead, PortalHeadOptions } from './portal-head.js';
import { headersQuery } from './portal-query.js';
import type { Call } from '../../runtime/call.js';
import { Turns } from '../../runtime/turns.js';

interface PortalChainOptions extends PortalHeadOptions {
  /** The chain that the data set is of. */
  readonly chainId: number;
  readonly head: PortalHead;
}

const everything = (): boolean => true;

/** A chain as far as its final blocks, as a portal tells of it. */
export class PortalChain implements ChainView {
  /** Nobody behind a portal lags. */
  readonly settledDepth = 0;
  readonly doubts = 0;
  readonly telling = [];
  readonly #options: PortalChainOptions;
  #last: BlockHeader | null = null;

  constructor(options: PortalChainOptions) {
    this.#options = options;
  }

  chainId(): Promise<number> {
    return Promise.resolve(this.#options.chainId);
  }

  askForChain(): Promise<void> {
    return Promise.resolve();
  }

  async whoHas(block: BlockRef, signal: AbortSignal): Promise<Hearing> {
    const found = await this.#read(block.number, signal);
    return hear(block, [[this.#options.patience.client.host, found?.hash ?? null]]);
  }

  heard(): void {
    // There is only one to hear of.
  }

  /** Returns a block's header, the last final one's by any tag; null where the portal has none (yet). */
  async header(block: number | string, signal: AbortSignal): Promise<BlockHeader | null> {
    if (typeof block === 'number') return this.#read(block, signal);
    const number = await this.#options.head.read(Infinity, signal);
    if (number < 0) return null;
    return this.#last?.number === number ? this.#last : (this.#last = await this.#read(number, signal));
  }

  head(signal: AbortSignal): Promise<BlockHeader | null> {
    return this.header('latest', signal);
  }

  headers(numbers: readonly number[], { signal }: Call): Promise<(BlockHeader | null)[]> {
    return Promise.all(numbers.map((number) => this.header(number, signal)));
  }

  async heads(_tag: string, signal: AbortSignal): Promise<HeadsAnswer> {
    const latest = await this.header('finalized', signal);
    return { latest, tagged: latest, endpoint: this.#options.patience.client.host };
  }

  isPutAside(): boolean {
    return false;
  }

  lookBehind(): Promise<boolean> {
    return Promise.resolve(false);
  }

  async #read(number: number, signal: AbortSignal): Promise<BlockHeader | null> {
    const trouble = this.#options.patience.begin({ from: number, to: number });
    for (;;) {
      try {
        return await this.#ask(number, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof PortalError && (error.beginsAt ?? -1) > number) return null;
        await trouble.bear(error, signal);
      }
    }
  }

  async #ask(number: number, signal: AbortSignal): Promise<BlockHeader | null> {
    const { patience, dataset, clock, head } = this.#options;
    const range = { from: number, to: number };
    const { body, finalized } = await patience.client.stream(dataset, headersQuery(range), signal);
    head.heard(finalized);
    if (body === null) {
      patience.answered();
      return null;
    }
    const answer = new PortalAnswer({ body, range, isWanted: everything, turns: new Turns(clock), clock });
    const { last } = await answer.read(1, signal).finally(() => answer.close());
    patience.answered();
    return last;
  }
}
