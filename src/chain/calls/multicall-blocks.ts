import type { JsonRpcEndpoint } from '../transport/rpc/json-rpc.js';
import { blockParameter } from './ask-units.js';
import type { CallWay } from './call-ways.js';
import { isPinned } from './contract-call.js';
import type { CallBlock } from './contract-call.js';
import { multicallAddress } from './multicall.js';

/** Knows at which blocks Multicall3 is there: from its deployment on. */
export class MulticallBlocks {
  #presentFrom = Infinity;
  #absentTo = -1;

  /** Says whether it is there at a block; undefined where that is not known. */
  holds(block: CallBlock): boolean | undefined {
    const number = numberOf(block);
    if (number >= this.#presentFrom) return true;
    return number <= this.#absentTo ? false : undefined;
  }

  /** Asks for its code at blocks, as far as it is not known; what can't be told now is not remembered. */
  async look(
    endpoint: JsonRpcEndpoint,
    blocks: readonly CallBlock[],
    way: CallWay,
    signal: AbortSignal,
  ): Promise<void> {
    const unknown = blocks.filter((block) => this.holds(block) === undefined);
    // The first and the last one tell of most of the others.
    const sorted = unknown.toSorted((a, b) => numberOf(a) - numberOf(b));
    const asked = [...new Set([sorted.at(0), sorted.at(-1)])].filter((block) => block !== undefined);
    if (asked.length === 0) return;
    const calls = asked.map((block) => ({
      method: 'eth_getCode',
      params: [multicallAddress, blockParameter(block, way)],
    }));
    const outcomes = await endpoint.batch(calls, signal);
    for (const [place, block] of asked.entries()) {
      const outcome = outcomes[place];
      if (outcome?.ok === true) this.#note(numberOf(block), outcome.value !== '0x');
    }
  }

  #note(number: number, isThere: boolean): void {
    if (isThere) this.#presentFrom = Math.min(this.#presentFrom, number);
    else this.#absentTo = Math.max(this.#absentTo, number);
  }
}

/** Of the newest block no more is known than that it is not below a number. */
function numberOf(block: CallBlock): number {
  return isPinned(block) ? block.number : block.latestFrom;
}
