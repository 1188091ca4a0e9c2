import type { BlockHeader } from '../../model/block.js';
import type { Clock } from '../../runtime/clock.js';
import { SingleFlight } from '../../runtime/single-flight.js';
import type { ChainView } from './chain-view.js';
import type { BlockTag, HeadsAnswer } from './header-outcome.js';

/** An answer of a node that has blocks. */
interface TagsTold extends HeadsAnswer {
  readonly latest: BlockHeader;
  /** When it came, by the monotonic clock. */
  readonly at: number;
}

/** For how long an answer holds while the head is the same, in milliseconds: blocks become final although no new one comes. */
const holdsMs = 10_000;

/** What a node last said of the blocks that it calls safe and final: all who follow its heads share it. */
export class TagAnswers {
  readonly #chain: Pick<ChainView, 'heads'>;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #told = new Map<BlockTag, TagsTold>();
  readonly #flights = new SingleFlight<HeadsAnswer>();

  constructor(chain: Pick<ChainView, 'heads'>, clock: Pick<Clock, 'monotonic'>) {
    this.#chain = chain;
    this.#clock = clock;
  }

  /** Returns what was last said of a tag; undefined where nothing was. */
  known(tag: BlockTag): TagsTold | undefined {
    return this.#told.get(tag);
  }

  /** Returns what the node says of a tag at a head, and asks only where nobody has of late. */
  async at({ hash }: BlockHeader, tag: BlockTag, signal: AbortSignal): Promise<HeadsAnswer> {
    const known = this.#told.get(tag);
    const holds = known?.latest.hash === hash && this.#clock.monotonic() - known.at < holdsMs;
    return holds ? known : this.ask(tag, signal);
  }

  /** Asks the node; whoever asks meanwhile is told the same. */
  async ask(tag: BlockTag, signal: AbortSignal): Promise<HeadsAnswer> {
    const answer = await this.#flights.share(tag, (shared) => this.#chain.heads(tag, shared), signal);
    const { latest } = answer;
    if (latest !== null) this.#told.set(tag, { ...answer, latest, at: this.#clock.monotonic() });
    return answer;
  }
}
