import { receiptsRoot } from './receipts-root.js';
import type { BlockReceipts } from './proofs.js';
import { headerCall, headerOf, hexOf, valueOf } from './header-outcome.js';
import type { JsonRpcEndpoint } from '../transport/rpc/json-rpc.js';
import type { RpcOutcome } from '../transport/rpc/json-rpc-answer.js';
import type { RpcError } from '../transport/errors/rpc-error.js';
import { isRefusal } from '../transport/errors/rpc-error.js';
import { giveRoot, readReceiptLogs } from './block-receipts.js';
import type { LogsAnswer } from './logs-answer.js';

/** The logs of one block, as its receipts hold them. */
export interface BlockLogsAnswer extends LogsAnswer {
  /** Computes whether the receipts give the root in the block's header: then they are all of them, and true. */
  readonly isProven: () => boolean;
}

/** How long an endpoint that gives no receipts is not asked for any, in milliseconds, and one that fails at them again and again. */
const withoutMs = 600_000;
const troubledMs = 60_000;
const troublesBorne = 6;

/** Asks endpoints for the receipts of blocks, and remembers which of them give none. */
export class ReceiptCalls {
  /** How they said so, and until when that counts. */
  readonly #without = new Map<string, { readonly error: RpcError; readonly until: number }>();
  /** How often in a row they failed otherwise. */
  readonly #troubles = new Map<string, number>();
  readonly #heard = new WeakSet<RpcError>();
  /** The time by one monotonic clock, in milliseconds. */
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Says whether an endpoint may give receipts, as far as is known. */
  mayGive(name: string): boolean {
    return this.#lackOf(name) === undefined;
  }

  /** Returns every log of a block as an endpoint's receipts tell; throws RpcError. */
  async ask(endpoint: JsonRpcEndpoint, number: number, signal: AbortSignal): Promise<BlockLogsAnswer> {
    const lack = this.#lackOf(endpoint.name);
    if (lack !== undefined && isRefusal(lack)) throw lack;
    const since = this.#now();
    const calls = [headerCall(number), { method: 'eth_getBlockReceipts', params: [hexOf(number)] }];
    const [last, receipts] = await endpoint.batch(calls, signal);
    const header = headerOf(last, number, endpoint);
    if (receipts?.ok === false && isRefusal(receipts.error)) this.failed(endpoint.name, receipts.error);
    const logs = readReceiptLogs(valueOf(receipts));
    const isProven = (): boolean => giveRoot(valueOf(receipts), header);
    const how = { endpoint: endpoint.name, bytes: receipts?.bytes ?? 0, ms: this.#now() - since };
    return { logs, last: header, ...how, isProven };
  }

  /**
   * Returns the receipts of blocks named by their hashes, in one batch; null where the endpoint has none (yet). Throws RpcError;
   * who refuses, or fails again and again, is asked for no more for some time.
   */
  async askBlocks(
    endpoint: JsonRpcEndpoint,
    hashes: readonly string[],
    signal: AbortSignal,
  ): Promise<(BlockReceipts | null)[]> {
    const calls = hashes.map((hash) => ({ method: 'eth_getBlockReceipts', params: [hash] }));
    const outcomes = await endpoint.batch(calls, signal);
    const failed = outcomes.find((outcome) => !outcome.ok && outcome.error.class !== 'lag');
    if (failed?.ok === false) {
      this.failed(endpoint.name, failed.error);
      throw failed.error;
    }
    this.#troubles.delete(endpoint.name);
    return outcomes.map((outcome) => readReceipts(outcome, endpoint.name));
  }

  /** An endpoint failed at receipts: heard once of each error, however many tell of it. */
  failed(name: string, error: RpcError): void {
    if (this.#heard.has(error)) return;
    this.#heard.add(error);
    const isFinal = isRefusal(error) || error.action === 'fatal';
    const troubles = (this.#troubles.get(name) ?? 0) + 1;
    this.#troubles.set(name, troubles % troublesBorne);
    if (!isFinal && troubles < troublesBorne) return;
    const forMs = isFinal ? withoutMs : troubledMs;
    this.#without.set(name, { error, until: this.#now() + forMs });
  }

  #lackOf(name: string): RpcError | undefined {
    const lack = this.#without.get(name);
    return lack !== undefined && this.#now() < lack.until ? lack.error : undefined;
  }
}

function readReceipts(outcome: RpcOutcome, endpoint: string): BlockReceipts | null {
  if (!outcome.ok || outcome.value === null) return null;
  const logs = readReceiptLogs(outcome.value);
  const receipts = outcome.value as readonly unknown[];
  return { endpoint, root: receiptsRoot(receipts), count: receipts.length, logs };
}
