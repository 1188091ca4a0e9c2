import type { JsonRpcEndpoint } from '../transport/rpc/json-rpc.js';
import type { RpcErrorClass } from '../transport/errors/rpc-error.js';

/** How an endpoint is told the block of a call: by its hash (EIP-1898), or by its number, with a look at the hash there. */
export type CallWay = 'hash' | 'number';

/** No block has it: a node that understands hashes says so, and one that passes over them answers. */
const noBlock = `0x${'0'.repeat(59)}dead1`;
const noAccount = `0x${'0'.repeat(39)}1`;

/** What tells nothing of hashes. */
const passing: ReadonlySet<RpcErrorClass> = new Set(['transport', 'rate-limit', 'timeout', 'quota', 'batch']);
const unknownBlock: ReadonlySet<RpcErrorClass> = new Set(['lag', 'pruned', 'missing-state']);

/** Finds out how endpoints are told a block, each once. */
export class CallWays {
  readonly #ways = new Map<string, CallWay>();

  /** Asks for a balance at a block that is none; throws RpcError where that tells nothing. */
  async of(endpoint: JsonRpcEndpoint, signal: AbortSignal): Promise<CallWay> {
    const known = this.#ways.get(endpoint.name);
    if (known !== undefined) return known;
    const call = { method: 'eth_getBalance', params: [noAccount, { blockHash: noBlock }] };
    const [outcome] = await endpoint.batch([call], signal);
    if (outcome?.ok === false && passing.has(outcome.error.class)) throw outcome.error;
    const way = outcome?.ok === false && unknownBlock.has(outcome.error.class) ? 'hash' : 'number';
    this.#ways.set(endpoint.name, way);
    return way;
  }

  /** An endpoint did not understand a hash after all: another node may stand behind its URL. */
  distrustHashes({ name }: JsonRpcEndpoint): void {
    this.#ways.set(name, 'number');
  }
}
