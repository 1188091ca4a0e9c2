import type { RpcError } from '../transport/errors/rpc-error.js';

/** The most logs that are wanted at once: fewer than many endpoints give at most, some without saying so. */
const wantedLogs = 9_900;
/** How far below a stated limit, or below what was refused, the aim is. */
const margin = 0.75;
/**
 * How much more is dared with each answer: against `margin` this leads to one refusal in about 60 requests. It doubles
 * after so many answers without one: then the limit has risen.
 */
const growth = 0.005;
const answersUntilDoubled = 64;
const mostGrowth = 0.25;
/** How fast it is forgotten that an answer held many logs: the limit may have fallen. */
const fading = 0.99;

/** How many logs an endpoint is expected to give out at once. */
export class LogsTarget {
  #stated = wantedLogs;
  #target = wantedLogs;
  /** The most logs that were given out lately. */
  #most = 0;
  /** The blocks that were refused last, and what has been answered since; null: it is known what they held. */
  #refused: { readonly blocks: number; answeredBlocks: number; answeredLogs: number } | null = null;
  #answersSince = 0;

  /** The number of logs to aim at; at least 1. */
  get target(): number {
    return Math.max(1, this.#target);
  }

  /** Learns from an answer: behind a refusal it tells about how many logs were refused. */
  answered(blocks: number, logs: number): void {
    this.#most = Math.max(logs, this.#most * fading);
    const refused = this.#refused;
    if (refused === null) {
      this.#raise();
      return;
    }
    refused.answeredBlocks += blocks;
    refused.answeredLogs += logs;
    // Half of what was refused tells enough about the whole; less may be chance.
    if (refused.answeredBlocks < refused.blocks / 2) return;
    this.#lower((refused.answeredLogs * refused.blocks) / refused.answeredBlocks);
  }

  /** Learns from a refusal of so many blocks for what they hold. */
  refused(blocks: number, { class: kind, cap }: RpcError): void {
    const isStated = kind === 'density' && cap !== undefined;
    if (isStated) this.#stated = Math.min(this.#stated, cap * margin);
    if (isStated && this.#target > this.#stated) this.#target = this.#stated;
    else this.#refused = { blocks, answeredBlocks: 0, answeredLogs: 0 };
  }

  #raise(): void {
    const share = Math.min(mostGrowth, growth * 2 ** Math.floor(++this.#answersSince / answersUntilDoubled));
    this.#target = Math.min(this.#stated, this.#target * (1 + share));
  }

  #lower(refusedLogs: number): void {
    const proven = this.#most * margin;
    this.#target = Math.min(this.#target * margin, Math.max(refusedLogs * margin, proven));
    this.#refused = null;
    this.#answersSince = 0;
  }
}
