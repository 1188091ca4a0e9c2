import type { BlockRange } from '../../model/block.js';
import type { Clock } from '../../runtime/clock.js';
import { ChainUnreachableError } from '../../runtime/errors.js';
import type { Logger } from '../../runtime/logger.js';
import { backoffMs } from '../../runtime/retry.js';
import type { Backoff } from '../../runtime/retry.js';
import { Inconsistency, NodeLagsError } from '../blocks/consistency.js';
import type { RangeSize } from './range-size.js';
import { refusalHint } from '../transport/errors/refusal-hint.js';
import { RpcError, asksForLess, isCutOff, mayBeLimit } from '../transport/errors/rpc-error.js';
import { unknownErrorsOf } from '../transport/errors/unknown-errors.js';

/** How often answers that don't fit together are asked for again before the head is looked at anew. */
const lagsBorne = 4;
/** How many requests may time out in a row before the chain counts as unreachable; one without any answer counts thrice. */
const timeoutsBorne = 16;
/** How often a single block may be refused as too much: some nodes say so for other reasons; and as too slow. */
const refusalsBorne = 5;
const slownessBorne = 12;
/**
 * How often a node may fail in words that nobody has sorted, and how often with troubles of its own, which last for some
 * minutes; after how many of them it is asked for less.
 */
const failuresBorne = 20;
const troublesBorne = 80;
const failuresUntilLess = 3;
const backoff = { firstMs: 200, maxMs: 4_000 };
/** What so many first failures wait for while other ranges are answered: they are bad luck, and most pass at once. */
const unluckyBackoff = { firstMs: 50, maxMs: 50 };
const unluckyBorne = 4;
const longBackoff = { firstMs: 200, maxMs: 8_000 };

/** What goes wrong between two good answers of a log source: each kind is borne so often, with a remedy of its own. */
export class FetchTrouble {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #size: RangeSize;
  /** How often answers did not fit together since the last that did: who goes on like that is asked less and less often. */
  readonly #lagsBefore: number;
  /** How many requests for any range had been answered when this one was asked for. */
  #answersBefore: number;
  #lags = 0;
  #timeouts = 0;
  #refusals = 0;
  #failures = 0;

  constructor(clock: Clock, logger: Logger, size: RangeSize, lagsBefore: number) {
    this.#clock = clock;
    this.#logger = logger;
    this.#size = size;
    this.#lagsBefore = lagsBefore;
    this.#answersBefore = size.answers;
  }

  /** Does what makes another request worth while: waits, or makes it smaller. Throws what can't be borne. */
  async bear(asked: BlockRange, error: unknown, signal: AbortSignal): Promise<void> {
    const waits = this.#remedy(asked, error);
    const event = waits === null ? 'rpc.split' : 'rpc.wait';
    this.#logger.log('debug', `asking again: ${(error as Error).message}`, { event, ...asked });
    if (waits !== null) await this.#clock.sleep(backoffMs(waits, this.#backoffOf(waits, error)), signal);
    this.#answersBefore = this.#size.answers;
  }

  #backoffOf(waits: number, error: unknown): Backoff {
    const isAnswering = this.#size.answers > this.#answersBefore;
    const isUnlucky = isAnswering && waits <= unluckyBorne && error instanceof RpcError && mayBeLimit(error);
    if (isUnlucky) return unluckyBackoff;
    return waits > failuresBorne ? longBackoff : backoff;
  }

  /** Returns how many times it has been waited for this reason, this one included; null: no wait is needed. */
  #remedy(asked: BlockRange, error: unknown): number | null {
    if (error instanceof Inconsistency) return this.#lag(asked, error);
    if (!(error instanceof RpcError)) throw error;
    unknownErrorsOf(this.#logger).report(error);
    if (error.class === 'lag') return this.#lag(asked, error);
    if (asksForLess(error) || isCutOff(error)) return this.#less(asked, error);
    if (mayBeLimit(error)) return this.#failure(asked, error);
    throw error;
  }

  #lag({ from, to }: BlockRange, cause: Error): number {
    if (++this.#lags < lagsBorne) return Math.min(this.#lagsBefore + this.#lags, lagsBorne);
    throw new NodeLagsError(`the node does not show blocks ${from} to ${to} as a whole: ${cause.message}`, {
      cause,
      hint: 'the node lags, is being reorganised, or no longer keeps blocks as old: try again, or use another endpoint',
    });
  }

  #less(asked: BlockRange, error: RpcError): number | null {
    if (asked.from === asked.to) {
      const borne = error.class === 'timeout' ? slownessBorne : refusalsBorne;
      if (++this.#refusals < borne) return this.#refusals;
      throw refused(`block ${asked.from} alone`, error);
    }
    if (error.class === 'timeout') this.#timeouts += error.lostConnection ? 3 : 1;
    if (this.#timeouts > timeoutsBorne) throw refused(`blocks ${asked.from} to ${asked.to}`, error);
    this.#size.refused(asked, error);
    return null;
  }

  #failure(asked: BlockRange, error: RpcError): number {
    const borne = error.class === 'unknown' ? failuresBorne : troublesBorne;
    if (++this.#failures > borne) throw refused(`blocks ${asked.from} to ${asked.to}`, error);
    const isNews = this.#failures === 1 && error.class !== 'unknown';
    if (isNews) this.#logger.log('warn', `RPC call failed, trying again: ${error.message}`);
    if (this.#failures >= failuresUntilLess) this.#size.refused(asked, error);
    return this.#failures;
  }
}

function refused(what: string, cause: RpcError): ChainUnreachableError {
  return new ChainUnreachableError(`the chain refuses the logs of ${what}: ${cause.message}`, {
    cause,
    hint: refusalHint(cause) ?? 'use another endpoint: this one does not give out that many logs',
  });
}
