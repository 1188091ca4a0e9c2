/** How long an answer should be at most: its JSON.parse then takes some 30 ms, and its rows fit into a few batches. */
const wantedBytes = 4 * 2 ** 20;
/** The share that a new answer has in what is expected of the next one. */
const newsShare = 0.5;
/** An answer that is fuller by this factor counts alone: the chain has become denser. */
const jump = 1.5;

/** What blocks hold, as far as the newest answers tell. */
export class AnswerVolume {
  #logsPerBlock = 0;
  #bytesPerBlock = 0;

  /** Learns from an answer that held so much for so many blocks. */
  learn(blocks: number, logs: number, bytes: number): void {
    this.#logsPerBlock = expected(this.#logsPerBlock, logs / blocks);
    this.#bytesPerBlock = expected(this.#bytesPerBlock, bytes / blocks);
  }

  /** Returns how many blocks hold so many logs and no more than an answer's wanted length; at least 1. */
  blocksOf(logs: number): number {
    return Math.max(1, Math.floor(Math.min(logs / this.#logsPerBlock, wantedBytes / this.#bytesPerBlock)));
  }
}

function expected(before: number, now: number): number {
  return now > before * jump ? now : before + (now - before) * newsShare;
}
