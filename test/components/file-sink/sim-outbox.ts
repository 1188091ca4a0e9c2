import type { Sink, SinkContext, SinkCursor } from '../../../src/components/seam/sink.js';
import type { Logger } from '../../../src/runtime/logger.js';
import { cursorOf } from './sim-journal.js';
import type { Pass, Place, SimJournal } from './sim-journal.js';

/** What a process delivers, and to whom. */
export interface Delivering {
  readonly journal: SimJournal;
  readonly sink: Sink;
  readonly claim: number;
  readonly logger: Logger;
}

/** Delivers to a sink as the outbox does, one step at a time: one life of a process. */
export class SimOutbox {
  readonly #journal: SimJournal;
  readonly #sink: Sink;
  readonly #claim: number;
  readonly #logger: Logger;
  readonly #controller = new AbortController();
  #place: Place | null = null;
  #sent: SinkCursor | null = null;
  #replayed = 0;
  #settled = '';

  constructor({ journal, sink, claim, logger }: Delivering) {
    this.#journal = journal;
    this.#sink = sink;
    this.#claim = claim;
    this.#logger = logger;
  }

  /** Does one thing; returns false where nothing is due. */
  async step(batchSize: number, wish = 0): Promise<boolean> {
    this.#place ??= await this.#resume();
    const { pass, told } = this.#place;
    if (told !== 'end') {
      await this.#deliver(pass, told, batchSize);
      return true;
    }
    const next = this.#next(pass, wish);
    if (next === null) {
      await this.settle(false);
      return false;
    }
    this.#place = { pass: next, told: 0 };
    return true;
  }

  async settle(ends: boolean): Promise<void> {
    if (this.#place === null) return;
    const { pass, told } = this.#place;
    const cursor = cursorOf(this.#claim, this.#place);
    const next = told === 'end' ? undefined : this.#journal.messages(pass)[told - 1];
    const below = next === undefined || next.op === 'remove' ? -1 : next.place.blockNumber - 1;
    const block =
      told === 'end' ? Math.min(pass.to.block, pass.headBlock) : Math.max(below, this.#sink.keptBlock ?? -1);
    const key = `${cursor.place} ${ends}`;
    if (block < 0 || this.#settled === key) return;
    await this.#sink.settle?.({ block, cursor, ends }, this.#context(pass));
    this.#settled = key;
  }

  async #resume(): Promise<Place> {
    const held = await this.#sink.claim?.({ epoch: 'e', claim: this.#claim }, this.#context(nothing));
    this.#sent = held ?? null;
    return held === null || held === undefined ? { pass: nothing, told: 'end' } : (JSON.parse(held.place) as Place);
  }

  async #deliver(pass: Pass, told: number, batchSize: number): Promise<void> {
    const messages = this.#journal.messages(pass).slice(told, told + batchSize);
    // Removes and inserts are told apart.
    const other = messages.findIndex(({ op }) => op !== messages[0]?.op);
    if (other > 0) messages.length = other;
    if (messages.length > 0) {
      const blocks = messages.map(({ place }) => place.blockNumber);
      const after = cursorOf(this.#claim, { pass, told: told + messages.length });
      const batch = {
        messages,
        fromBlock: Math.min(...blocks),
        toBlock: Math.max(...blocks),
        before: this.#sent,
        after,
      };
      await this.#sink.deliver(batch, this.#context(pass));
      this.#sent = after;
      this.#place = { pass, told: told + messages.length };
      return;
    }
    this.#place = { pass, told: 'end' };
    await this.settle(false);
  }

  #next(last: Pass, wish: number): Pass | null {
    const { version, head, finalized } = this.#journal;
    if (wish > 0 && this.#replayed !== wish) {
      this.#replayed = wish;
      const from = { version: last.to.version, block: Math.min(wish - 1, last.to.block) };
      return { from, to: last.to, headBlock: last.headBlock, replay: last.replay + 1 };
    }
    const to = { version, block: Math.max(last.to.block, Math.min(finalized, head)) };
    if (to.version === last.to.version && to.block === last.to.block) return null;
    return { from: last.to, to, headBlock: head, replay: last.replay };
  }

  #context(pass: Pass): SinkContext {
    const journal = this.#journal;
    return {
      logger: this.#logger,
      signal: this.#controller.signal,
      moved: () => undefined,
      inserts: async function* (range) {
        const messages = journal.inserts(pass, range);
        for (let i = 0; i < messages.length; i += 7) {
          await Promise.resolve();
          yield messages.slice(i, i + 7);
        }
      },
    };
  }
}

const nothing: Pass = { from: { version: 0, block: -1 }, to: { version: 0, block: -1 }, headBlock: -1, replay: 0 };
