import type { SourceMessage } from '../model/batch.js';
import type { UndecodedReason } from '../model/event.js';
import type { Logger } from '../runtime/logger.js';

/** Those that say that the ABI is another one than the contract's; other logs without an event are kept because they are wanted. */
const faults: ReadonlySet<UndecodedReason> = new Set(['indexed_mismatch', 'undecodable']);

/** Tells of logs that the ABI names and can't decode, which a run keeps: at the first of a run, and at ten, a hundred, … of them. */
export class UndecodableLogs {
  readonly #pipelineId: number;
  readonly #logger: Logger;
  #count = 0;
  #toldAt = 1;

  constructor(pipelineId: number, logger: Logger) {
    this.#pipelineId = pipelineId;
    this.#logger = logger;
  }

  /** Counts those of a message that has been committed. */
  committed(message: SourceMessage): void {
    if (!('undecoded' in message)) return;
    const found = message.undecoded.filter(({ reason }) => faults.has(reason));
    const last = found.at(-1);
    this.#count += found.length;
    if (last === undefined || this.#count < this.#toldAt) return;
    while (this.#toldAt <= this.#count) this.#toldAt *= 10;
    const logs = this.#count === 1 ? '1 log does' : `${this.#count} logs do`;
    const text = `${logs} not fit the ABI, the last in block ${last.blockNumber} (${last.reason}): kept without an event; chainparse events undecoded --pipeline ${this.#pipelineId} lists them`;
    const fields = { event: 'source.undecodable', pipeline_id: this.#pipelineId, logs: this.#count };
    this.#logger.log('warn', text, fields);
  }
}
