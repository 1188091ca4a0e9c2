import type { Clock } from '../../../runtime/clock.js';
import { isLate } from '../../../runtime/is-late.js';
import type { Backoff } from '../../../runtime/retry.js';
import { Scope } from '../../../runtime/scope.js';
import type { EndpointAsker, Outcome } from './endpoint-asker.js';
import { isChosen } from './endpoint-choice.js';
import type { EndpointChoice } from './endpoint-choice.js';
import type { EndpointOrder } from './endpoint-order.js';
import type { Question } from './endpoint-question.js';
import type { EndpointTurns } from './endpoint-turns.js';
import { RpcError } from '../errors/rpc-error.js';
import { PendingCall } from './pending-call.js';
import type { PooledEndpoint } from './pooled-endpoint.js';
import type { Passage } from './pending-call.js';

interface LateRequestsOptions {
  readonly asker: EndpointAsker;
  readonly order: EndpointOrder;
  readonly turns: EndpointTurns;
  readonly clock: Clock;
  readonly backoff: Backoff;
}

/** What came of a question, and by which request. */
interface Asked<T> {
  readonly outcome: Outcome<T>;
  readonly passage: Passage;
}

/** The share of questions that may be asked twice, and how many in a row. */
const share = 1 / 50;
const mostSaved = 8;

/**
 * Asks a second time what is answered late, elsewhere or over another connection, and takes what comes first (hedged requests: Dean
 * and Barroso, "The Tail at Scale", 2013): what lies behind a range can't be stored before it, and one request that hangs would hold
 * up all.
 */
export class LateRequests {
  readonly #options: LateRequestsOptions;
  #saved = 1;

  constructor(options: LateRequestsOptions) {
    this.#options = options;
  }

  /** Asks the endpoint of a passage, and perhaps another; ends the passage. Throws as EndpointAsker does. */
  async ask<T>(question: Question<T>, passage: Passage, signal: AbortSignal): Promise<Asked<T>> {
    const { asker } = this.#options;
    const { kind, isUrgent } = question;
    const mayBeLate = !isUrgent || question.lateMs !== undefined;
    if (kind === undefined || !mayBeLate) return { outcome: await asker.ask(question, passage, signal), passage };
    this.#saved = Math.min(mostSaved, this.#saved + share);
    const scope = new Scope(signal);
    const open = scope.signal;
    const first = asker.ask(question, passage, open).then((outcome) => ({ outcome, passage }));
    const lateMs = question.lateMs ?? passage.endpoint.health.lateMs(kind);
    const isTooLate = await isLate(this.#options.clock, first, lateMs, open);
    if (!isTooLate || !this.#mayAskAgain(question, passage)) return first.finally(() => scope.release());
    return this.#askAgain(question, first, passage, open).finally(() => scope.end());
  }

  /** A question that says when it is late goes to each other endpoint in turn. If another one is there, the late one has failed. */
  #mayAskAgain({ choice, lateMs }: Question<unknown>, { endpoint }: Passage): boolean {
    const { order, clock } = this.#options;
    if (lateMs === undefined) return this.#saved >= 1 && this.#saved-- > 0;
    const now = clock.monotonic();
    const isOther = ({ name, chain }: PooledEndpoint): boolean => isChosen(choice, name) && !chain.isPutAside;
    const others = order.list.filter((other) => other !== endpoint && isOther(other));
    if (others.some(({ isTrusted }) => isTrusted)) {
      const { host } = endpoint.rpc;
      endpoint.health.failed(new RpcError(`no answer within ${lateMs / 1_000} s`, { class: 'timeout', host }), now);
      order.putLast(endpoint, now);
    }
    return others.length > 0;
  }

  /** Returns the first answer of two; where none comes, what came of the first request. */
  async #askAgain<T>(
    question: Question<T>,
    first: Promise<Asked<T>>,
    passage: Passage,
    signal: AbortSignal,
  ): Promise<Asked<T>> {
    const second = this.#askElsewhere(question, passage, signal).catch(() => null);
    const firstDone = first.then(
      (asked) => asked,
      () => null,
    );
    const earlier = await Promise.race([firstDone, second]);
    if (earlier !== null && 'answer' in earlier.outcome) return earlier;
    const [, other] = await Promise.all([firstDone, second]);
    return other !== null && 'answer' in other.outcome ? other : first;
  }

  async #askElsewhere<T>(question: Question<T>, by: Passage, signal: AbortSignal): Promise<Asked<T>> {
    const { turns, backoff } = this.#options;
    const { lateMs = Number.POSITIVE_INFINITY, since = by.since } = question;
    const choice = this.#choiceBeside(question, by);
    const passage = await turns.next({ ...question, choice, isUrgent: true }, new PendingCall(backoff), signal);
    return this.ask({ ...question, choice, isUrgent: true, lateMs, since }, passage, signal);
  }

  /** Another endpoint, where one may be asked now. */
  #choiceBeside(
    { choice, oldest = Number.POSITIVE_INFINITY, worth, lateMs }: Question<unknown>,
    { endpoint }: Passage,
  ): EndpointChoice {
    const beside = { ...choice, except: [...(choice.except ?? []), endpoint.name] };
    if (lateMs !== undefined) return beside;
    const now = this.#options.clock.monotonic();
    const isThere = this.#options.order.list.some(
      (other) =>
        other !== endpoint &&
        isChosen(choice, other.name) &&
        other.isTrusted &&
        other.history.mayHold(oldest, now) &&
        worth?.(other.name) !== 0 &&
        other.freeAt <= now,
    );
    return isThere ? beside : choice;
  }
}
