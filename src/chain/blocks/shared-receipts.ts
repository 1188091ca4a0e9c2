import type { BlockReceipts } from './proofs.js';
import { untilAborted } from '../../runtime/until-aborted.js';

type Receipts = readonly (BlockReceipts | null)[];

/** How many answers are remembered, and how many logs in all: those of some crowded blocks. */
const answersKept = 8;
const logsKept = 20_000;

/** Has pipelines that ask for the same receipts at about the same time share one answer. */
export class SharedReceipts {
  /** The oldest first. What failed, or lacks a block, is asked for anew. */
  readonly #answers = new Map<string, { readonly receipts: Promise<Receipts>; logs: number }>();

  /** Returns the answer for some blocks; asks where there is none. */
  async read(key: string, ask: () => Promise<Receipts>, signal: AbortSignal): Promise<(BlockReceipts | null)[]> {
    const known = this.#answers.get(key)?.receipts;
    // Whoever asked may have given up: that says nothing about the receipts.
    const shared = known === undefined ? null : await untilAborted(known, signal).catch(() => null);
    signal.throwIfAborted();
    return [...(shared ?? (await this.#ask(key, ask)))];
  }

  /** Forgets an answer that turned out to be worth nothing. */
  forget(key: string): void {
    this.#answers.delete(key);
  }

  async #ask(key: string, ask: () => Promise<Receipts>): Promise<Receipts> {
    const entry = { receipts: ask(), logs: 0 };
    this.#answers.set(key, entry);
    try {
      const receipts = await entry.receipts;
      if (receipts.includes(null)) this.#drop(key, entry);
      entry.logs = receipts.reduce((sum, block) => sum + (block?.logs.length ?? 0), 0);
      this.#shrink();
      return receipts;
    } catch (error) {
      this.#drop(key, entry);
      throw error;
    }
  }

  #drop(key: string, entry: unknown): void {
    if (this.#answers.get(key) === entry) this.#answers.delete(key);
  }

  #shrink(): void {
    const logs = (): number => [...this.#answers.values()].reduce((sum, answer) => sum + answer.logs, 0);
    for (const key of this.#answers.keys()) {
      if (this.#answers.size <= answersKept && logs() <= logsKept) return;
      this.#answers.delete(key);
    }
  }
}
