import type { Clock } from '../../../runtime/clock.js';
import type { Logger } from '../../../runtime/logger.js';
import { isChosen } from './endpoint-choice.js';
import type { EndpointOrder } from './endpoint-order.js';
import type { Question } from './endpoint-question.js';
import { callsOf } from './endpoint-turns.js';
import type { EndpointTurns } from './endpoint-turns.js';
import type { Passage } from './pending-call.js';
import { longTrouble } from './pooled-endpoint.js';
import type { PooledEndpoint } from './pooled-endpoint.js';
import type { RpcError } from '../errors/rpc-error.js';
import { rpcFailureOf } from './rpc-failure.js';
import { untilAborted } from '../../../runtime/until-aborted.js';

interface EndpointAskerOptions {
  readonly order: EndpointOrder;
  readonly turns: EndpointTurns;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What came of it. A null failure: the endpoint turned out to serve another chain. */
export type Outcome<T> =
  | { readonly answer: T }
  | {
      readonly failure: RpcError | null;
      /** Whether the endpoint failed before it was asked, or the request, and whether its sender knows what to do. */
      readonly of: 'endpoint' | 'request' | 'request for its sender';
    };

/** Asks single endpoints, and lets them know what came of it. */
export class EndpointAsker {
  readonly #options: EndpointAskerOptions;

  constructor(options: EndpointAskerOptions) {
    this.#options = options;
  }

  /** Asks the endpoint of a passage, and ends that; throws what is no failure of the endpoint. */
  async ask<T>(question: Question<T>, passage: Passage, signal: AbortSignal): Promise<Outcome<T>> {
    const outcome = await this.#exchange(question, passage, signal);
    if (!('answer' in outcome)) return outcome;
    // What came over a new connection may be another chain's.
    return (await this.#askForChain(passage, signal)) ?? outcome;
  }

  async #exchange<T>(question: Question<T>, passage: Passage, signal: AbortSignal): Promise<Outcome<T>> {
    const { isForCaller, kind, lateMs } = question;
    const { chain, rpc, breaker, health } = passage.endpoint;
    const arrived = health.sent(kind, question.since ?? this.#now(), lateMs);
    let hasLanded = false;
    let isHeard = false;
    const hear = (): void => {
      if (!isHeard) health.heard(this.#now());
      isHeard = true;
    };
    const received = (): void => {
      hear();
      // Scouts are not followed by others before it is known what came of them.
      if (hasLanded || passage.departure.isScout) return;
      hasLanded = true;
      this.#options.turns.received(passage);
    };
    try {
      // Where one connection among others was lost it is enough to know before the answer is believed: all would wait for it.
      const isKnown = chain.isDoubted && breaker.failures === 0;
      if (isKnown) void chain.ask().catch(() => undefined);
      const stranger = isKnown ? null : await this.#askForChain(passage, signal);
      const outcome = stranger ?? { answer: await this.#answer(question, passage, signal, received) };
      hear();
      return outcome;
    } catch (error) {
      const failure = this.#failed(passage, rpcFailureOf(error, rpc.host));
      return { failure, of: isForCaller(failure) ? 'request for its sender' : 'request' };
    } finally {
      arrived();
      this.#options.turns.end(passage, hasLanded);
    }
  }

  /** Answers null where the endpoint serves the chain that is meant; others wait for what it says of it, too. */
  async #askForChain(
    passage: Passage,
    signal: AbortSignal,
  ): Promise<Exclude<Outcome<never>, { readonly answer: never }> | null> {
    const { endpoint } = passage;
    const refusal = endpoint.chain.isVerified ? null : await untilAborted(endpoint.chain.ask(), signal);
    signal.throwIfAborted();
    if (refusal !== null) return { failure: this.#failed(passage, refusal), of: 'endpoint' };
    return endpoint.chain.strange === null ? null : { failure: null, of: 'endpoint' };
  }

  async #answer<T>(question: Question<T>, passage: Passage, signal: AbortSignal, received: () => void): Promise<T> {
    const { work, kind } = question;
    const { endpoint } = passage;
    const since = this.#now();
    const answer = await work(endpoint.rpc, signal, received);
    this.#options.turns.answered();
    if (endpoint.breaker.failures >= longTrouble) this.#welcome(endpoint);
    endpoint.answered(passage);
    if (kind !== undefined) endpoint.health.measured(kind, this.#now() - since, this.#now());
    return answer;
  }

  /** Now and then another endpoint is asked the same beside the way, to see how quick it is. */
  compare(
    { kind, choice, oldest = Number.POSITIVE_INFINITY, worth, ...question }: Question<unknown>,
    by: PooledEndpoint,
  ): void {
    if (kind === undefined || kind === 'times' || !this.#options.turns.hasRoom) return;
    const now = this.#now();
    const isAble = ({ name, history }: PooledEndpoint): boolean =>
      isChosen(choice, name) && history.mayHold(oldest, now) && worth?.(name) !== 0;
    const other = this.#options.order.answered(kind, by, isAble, now);
    if (other === undefined) return;
    const passage = this.#options.turns.pass(other, callsOf(question));
    // Whoever gave up the first of the two has given up this one, too.
    this.ask({ ...question, kind, choice }, passage, new AbortController().signal).catch(() => undefined);
  }

  #failed(passage: Passage, failure: RpcError): RpcError {
    passage.endpoint.failed(passage, failure);
    return failure;
  }

  #welcome({ rpc: { host } }: PooledEndpoint): void {
    this.#options.logger.log('info', `${host} answers again`, { event: 'rpc.back', host });
  }

  #now(): number {
    return this.#options.clock.monotonic();
  }
}
