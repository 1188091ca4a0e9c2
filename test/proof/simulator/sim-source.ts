import type { Source, SourceContext } from '../../../src/components/seam/source.js';
import type { SourceMessage } from '../../../src/model/batch.js';
import type { BlockRef } from '../../../src/model/block.js';
import type { SimChain } from './sim-chain.js';

export interface SimSourceOptions {
  readonly chain: SimChain;
  readonly random: () => number;
  /** How long the next block lets wait, in milliseconds, at most. */
  readonly blockMs: number;
  /** Virtual time. */
  readonly now: () => number;
  /** For how long no call comes back, in milliseconds. */
  readonly hangsForMs: () => number;
}

/** A source that waits for blocks, follows the chain through a reorganisation, and hangs when it is told to. */
export class SimSource implements Source {
  readonly #options: SimSourceOptions;

  constructor(options: SimSourceOptions) {
    this.#options = options;
  }

  async *messages(context: SourceContext): AsyncGenerator<SourceMessage, void, undefined> {
    const { chain, now } = this.#options;
    let known: readonly BlockRef[] = context.recentBlocks;
    let next = (context.checkpoint.blockNumber ?? 0) + 1;
    while (next <= chain.lastBlock && !context.stopping.aborted) {
      await this.#wait(context);
      await context.moved({ nextBlock: next, headBlock: chain.lastBlock });
      const back = chain.stepBack(known, now());
      const message = back ?? chain.batch(next, this.#lastOf(next), now());
      yield message;
      known =
        message.kind === 'rollback'
          ? known.filter(({ number }) => number <= message.ancestor.number)
          : [...known, ...message.recentBlocks];
      next = (known.at(-1)?.number ?? 0) + 1;
    }
  }

  /** Now and then a batch holds several blocks. */
  #lastOf(next: number): number {
    const { chain, random } = this.#options;
    return Math.min(chain.lastBlock, next + (random() < 0.2 ? 1 : 0));
  }

  async #wait({ clock, signal }: SourceContext): Promise<void> {
    const { random, blockMs, hangsForMs } = this.#options;
    await clock.sleep(random() * blockMs, signal);
    if (hangsForMs() > 0) await clock.sleep(hangsForMs(), signal);
  }
}
