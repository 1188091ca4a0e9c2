import { messageOf, RuntimeFailure } from '../src/runtime/errors.js';
import type { Patience } from './patience.js';

/** What a node tells of a transaction that is in a block. */
interface DemoReceipt {
  readonly status: string;
  readonly blockNumber: string;
  readonly transactionHash: string;
  readonly contractAddress: string | null;
}

/** The demo's EVM node: it signs with accounts of its own, and puts each transaction into a block at once. */
export class DemoNode {
  readonly url: string;
  readonly #patience: Patience;

  constructor(url: string, patience: Patience) {
    this.url = url;
    this.#patience = patience;
  }

  /** Calls a method of the node; throws RuntimeFailure where it complains. */
  async call<T>(method: string, ...params: readonly unknown[]): Promise<T> {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
    const answer = (await this.#post(body)) as { result: T; error?: { message: string } };
    if (answer.error !== undefined) throw new RuntimeFailure(`the node refused ${method}: ${answer.error.message}`);
    return answer.result;
  }

  async #post(body: string): Promise<unknown> {
    const { signal } = this.#patience;
    const headers = { 'content-type': 'application/json' };
    try {
      const response = await fetch(this.url, { method: 'POST', headers, body, signal });
      return await response.json();
    } catch (error) {
      signal.throwIfAborted();
      throw new RuntimeFailure(`the demo's node does not answer: ${messageOf(error)}`, { cause: error });
    }
  }

  /** Returns the accounts that can send transactions, in lower case. */
  async accounts(): Promise<readonly string[]> {
    return (await this.call<string[]>('eth_accounts')).map((account) => account.toLowerCase());
  }

  /** Sends a transaction and returns its receipt; throws RuntimeFailure where it failed. */
  async send(transaction: Readonly<Record<string, string>>): Promise<DemoReceipt> {
    const hash = await this.call<string>('eth_sendTransaction', transaction);
    const ask = (): Promise<DemoReceipt | null> => this.call('eth_getTransactionReceipt', hash);
    const receipt = await this.#patience.until(ask);
    if (receipt?.status !== '0x1') throw new RuntimeFailure(`transaction ${hash} of the demo failed`);
    return receipt;
  }

  /** Replaces the newest blocks by empty ones. */
  async reorganise(depth: number): Promise<void> {
    await this.call('anvil_reorg', depth, []);
  }
}
