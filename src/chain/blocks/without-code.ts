import type { Call } from '../../runtime/call.js';
import { chunks } from '../../runtime/chunks.js';
import { ChainUnreachableError } from '../../runtime/errors.js';
import { RpcError } from '../transport/errors/rpc-error.js';
import type { Work } from '../transport/endpoints/endpoint-question.js';
import type { ChainClient } from './chain-client.js';
import { headerCall, headerOf, hexOf } from './header-outcome.js';

/** How many addresses one batch asks for. */
const addressesPerBatch = 50;

/** Returns those of some addresses that had no code at a block, by the word of a node that has its state: they emitted nothing yet. */
export async function withoutCode(
  chain: ChainClient | null,
  addresses: readonly string[],
  block: number,
  call: Call,
): Promise<ReadonlySet<string>> {
  if (block < 0) return new Set(addresses);
  const found = new Set<string>();
  // Where there is no node, of none anything is known.
  if (chain === null) return found;
  for (const some of chunks(addresses, addressesPerBatch)) {
    for (const address of await ask(chain, some, block, call.signal)) found.add(address);
    await call.moved();
  }
  return found;
}

/** Many nodes have no state of older blocks: of them nothing is known. */
async function ask(
  chain: ChainClient,
  addresses: readonly string[],
  block: number,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const codes = addresses.map((address) => ({ method: 'eth_getCode', params: [address, hexOf(block)] }));
  const work: Work<readonly string[]> = async (endpoint) => {
    const [header, ...outcomes] = await endpoint.batch([headerCall(block), ...codes], signal);
    headerOf(header, block, endpoint);
    return addresses.filter((_address, at) => {
      const outcome = outcomes[at];
      return outcome?.ok === true && outcome.value === '0x';
    });
  };
  try {
    return await chain.ask(work, { calls: codes.length + 1, isUrgent: true, isForCaller: () => true }, signal);
  } catch (error) {
    if (error instanceof RpcError || error instanceof ChainUnreachableError) return [];
    throw error;
  }
}
