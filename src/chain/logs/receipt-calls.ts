import type { JsonRpcEndpoint } from '../rpc/json-rpc.js';
import type { RpcError } from '../errors/rpc-error.js';
import { isRefusal } from '../errors/rpc-error.js';
import { headerCall, headerOf, hexOf, valueOf } from '../heads/header-outcome.js';
import { giveRoot, readReceiptLogs } from './block-receipts.js';
import type { LogsAnswer } from './logs-answer.js';

/** The logs of one block, as its receipts hold them. */
export interface BlockLogsAnswer extends LogsAnswer {
  /** Computes whether the receipts give the root in the block's header: then they are all of them, and true. */
  readonly isProven: () => boolean;
}

/** Asks endpoints for the receipts of blocks, and remembers which of them give none. */
export class ReceiptCalls {
  /** How they said so. */
  readonly #without = new Map<string, RpcError>();
  /** The time by one monotonic clock, in milliseconds. */
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Returns every log of a block as an endpoint's receipts tell; throws RpcError. */
  async ask(endpoint: JsonRpcEndpoint, number: number, signal: AbortSignal): Promise<BlockLogsAnswer> {
    const lack = this.#without.get(endpoint.name);
    if (lack !== undefined) throw lack;
    const since = this.#now();
    const calls = [headerCall(number), { method: 'eth_getBlockReceipts', params: [hexOf(number)] }];
    const [last, receipts] = await endpoint.batch(calls, signal);
    const header = headerOf(last, number, endpoint);
    if (receipts?.ok === false && isRefusal(receipts.error)) this.#without.set(endpoint.name, receipts.error);
    const logs = readReceiptLogs(valueOf(receipts));
    const isProven = (): boolean => giveRoot(valueOf(receipts), valueOf(last));
    const how = { endpoint: endpoint.name, bytes: receipts?.bytes ?? 0, ms: this.#now() - since };
    return { logs, last: header, ...how, isProven };
  }
}
