import { receiptsRoot } from './receipts-root.js';
import type { BlockReceipts } from './proofs.js';
import { headerCall, headerOf, hexOf, ofKnownHash, saysAbsent, valueOf } from './header-outcome.js';
import type { JsonRpcEndpoint } from '../transport/rpc/json-rpc.js';
import type { RpcOutcome } from '../transport/rpc/json-rpc-answer.js';
import { isRefusal, RpcError } from '../transport/errors/rpc-error.js';
import type { EndpointChoice } from '../transport/endpoints/endpoint-choice.js';
import type { EndpointPool } from '../transport/endpoints/endpoint-pool.js';
import type { Work } from '../transport/endpoints/endpoint-question.js';
import { ChainUnreachableError } from '../../runtime/errors.js';
import { SharedReceipts } from './shared-receipts.js';
import { giveRoot, readReceiptLogs } from './block-receipts.js';
import type { LogsAnswer } from './logs-answer.js';

type Receipts = readonly (BlockReceipts | null)[];

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
  readonly #shared = new SharedReceipts();
  readonly #pool: EndpointPool;

  constructor(pool: EndpointPool) {
    this.#pool = pool;
  }

  /** Returns every log of a block as an endpoint's receipts tell; throws RpcError. */
  async ask(endpoint: JsonRpcEndpoint, number: number, signal: AbortSignal): Promise<BlockLogsAnswer> {
    const lack = this.#lackOf(endpoint.name);
    if (lack !== undefined && isRefusal(lack)) throw lack;
    const since = this.#pool.now();
    const calls = [headerCall(number), { method: 'eth_getBlockReceipts', params: [hexOf(number)] }];
    const [last, receipts] = await endpoint.batch(calls, signal);
    const header = headerOf(last, number, endpoint);
    if (receipts?.ok === false && isRefusal(receipts.error) && !saysAbsent(receipts.error))
      this.#note(endpoint.name, receipts.error);
    const logs = readReceiptLogs(valueOf(receipts));
    const isProven = (): boolean => giveRoot(valueOf(receipts), header);
    const how = { endpoint: endpoint.name, bytes: receipts?.bytes ?? 0, ms: this.#pool.now() - since };
    return { logs, last: header, ...how, isProven };
  }

  /**
   * Returns the receipts of blocks named by their hashes, in their order, from one of the chosen endpoints that gives receipts; null
   * for a block of which it has none (yet), and for all where no endpoint that is there gives any. Who has just read them has them still.
   */
  async ofBlocks(choice: EndpointChoice, hashes: readonly string[], signal: AbortSignal): Promise<Receipts | null> {
    const names = this.#pool.names(choice);
    for (let asked = 0; asked < names.length; asked++) {
      const only = this.#pool.reachable(choice).filter((name) => this.#mayGive(name));
      if (only.length === 0) return null;
      const isOptional = only.length < names.length;
      const ask = (): Promise<Receipts> => this.#from(only, isOptional, hashes, signal);
      try {
        return await this.#shared.read(hashes.join(), ask, signal);
      } catch (error) {
        if (!(error instanceof RpcError || error instanceof ChainUnreachableError)) throw error;
      }
    }
    // Who failed may not fail the next time.
    return names.some((name) => this.#mayGive(name)) ? hashes.map(() => null) : null;
  }

  /** What was told of the receipts of blocks was not the truth, or not all of it (yet). */
  doubt(hashes: readonly string[]): void {
    this.#shared.forget(hashes.join());
  }

  /**
   * Asks these endpoints in one batch; who refuses, or fails again and again, is asked for no more for some time. Who can't give receipts
   * now may yet give logs, and another may give both: a lost connection is waited for where all give them.
   */
  async #from(
    only: readonly string[],
    isOptional: boolean,
    hashes: readonly string[],
    signal: AbortSignal,
  ): Promise<Receipts> {
    const calls = hashes.map((hash) => ({ method: 'eth_getBlockReceipts', params: [hash] }));
    const work: Work<Receipts> = async (endpoint) => {
      const outcomes = (await endpoint.batch(calls, signal)).map(ofKnownHash);
      const failed = outcomes.find((outcome) => !outcome.ok && outcome.error.class !== 'lag');
      if (failed?.ok === false) throw failed.error;
      this.#troubles.delete(endpoint.name);
      return outcomes.map((outcome) => readReceipts(outcome, endpoint.name));
    };
    const isForCaller = (error: RpcError): boolean => error.class !== 'transport';
    let asked = '';
    const how = {
      calls: hashes.length,
      isUrgent: true,
      isOptional,
      isForCaller,
      taken: (name: string) => (asked = name),
    };
    try {
      return await this.#pool.ask({ ...how, work, choice: { only } }, signal);
    } catch (error) {
      // Also of whoever can't even be asked for its chain: it would be waited for, though others give the logs.
      if (error instanceof RpcError) this.#note(asked, error);
      throw error;
    }
  }

  /** Says whether an endpoint may give receipts, as far as is known. */
  #mayGive(name: string): boolean {
    return this.#lackOf(name) === undefined;
  }

  #lackOf(name: string): RpcError | undefined {
    const lack = this.#without.get(name);
    return lack !== undefined && this.#pool.now() < lack.until ? lack.error : undefined;
  }

  #note(name: string, error: RpcError): void {
    const isFinal = isRefusal(error) || error.class === 'invalid-request';
    const troubles = (this.#troubles.get(name) ?? 0) + 1;
    this.#troubles.set(name, troubles % troublesBorne);
    if (!isFinal && troubles < troublesBorne) return;
    const forMs = isFinal ? withoutMs : troubledMs;
    this.#without.set(name, { error, until: this.#pool.now() + forMs });
  }
}

function readReceipts(outcome: RpcOutcome, endpoint: string): BlockReceipts | null {
  if (!outcome.ok || outcome.value === null) return null;
  const logs = readReceiptLogs(outcome.value);
  const receipts = outcome.value as readonly unknown[];
  return { endpoint, root: receiptsRoot(receipts), count: receipts.length, logs };
}
