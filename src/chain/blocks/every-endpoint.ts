import type { BlockHeader, BlockRef } from '../../model/block.js';
import { ChainUnreachableError } from '../../runtime/errors.js';
import { Scope } from '../../runtime/scope.js';
import { waitAtMost } from '../../runtime/wait-at-most.js';
import type { EndpointChoice } from '../transport/endpoints/endpoint-choice.js';
import type { EndpointPool } from '../transport/endpoints/endpoint-pool.js';
import type { Question, Work } from '../transport/endpoints/endpoint-question.js';
import { RpcError } from '../transport/errors/rpc-error.js';
import type { JsonRpcEndpoint } from '../transport/rpc/json-rpc.js';
import { headIn, headerCall, headerIn, readTag, tellsTag } from './header-outcome.js';
import type { BlockTag, HeadsAnswer } from './header-outcome.js';
import { disagreementOn, hear } from './hearing.js';
import type { Hearing, Voice } from './hearing.js';

/** How long a head waits for other endpoints to tell a tag, in milliseconds, and how long they are not asked again where none did. */
const tagPatienceMs = 1_000;
const untoldMs = 120_000;

const never = (): boolean => false;

/** What is asked of several endpoints of a chain, for one alone may lag, not know it, or be on another fork. */
export class EveryEndpoint {
  readonly #pool: EndpointPool;
  readonly #choice: EndpointChoice;
  /** When nobody told a tag last, by the monotonic clock. */
  readonly #untold = new Map<BlockTag, number>();

  constructor(pool: EndpointPool, choice: EndpointChoice) {
    this.#pool = pool;
    this.#choice = choice;
  }

  /**
   * Returns the headers of the newest block and of another tag, asked of one in one batch. Where that does not tell the tag another one
   * may: it has just been begun, or is of an older version. Where none does at once they are asked again some minutes later.
   */
  async heads(tag: BlockTag, signal: AbortSignal): Promise<HeadsAnswer> {
    const how = { calls: 2, isUrgent: true, isSimple: true, kind: 'head', isForCaller: never } as const;
    const answer = await this.#pool.ask({ ...how, work: this.#headsOf(tag), choice: this.#choice }, signal);
    const untoldAt = this.#untold.get(tag) ?? -Infinity;
    if (tellsTag(answer.tagged) || this.#pool.now() - untoldAt < untoldMs) return answer;
    const others = this.#pool.reachable(this.#choice).filter((name) => name !== answer.endpoint);
    const told = await this.#firstToTell(others, tag, signal);
    if (told === null && others.length > 0) this.#untold.set(tag, this.#pool.now());
    return { ...answer, tagged: told ?? answer.tagged };
  }

  /** Returns the header of a tag from the first of these endpoints that tells it; null where none does in time. */
  async #firstToTell(names: readonly string[], tag: BlockTag, signal: AbortSignal): Promise<BlockHeader | null> {
    const scope = new Scope(signal);
    const alone = async (name: string): Promise<BlockHeader> => {
      const { tagged } = await this.#ask(name, 2, this.#headsOf(tag), scope.signal);
      if (tellsTag(tagged)) return tagged;
      throw new Error(`${name} does not tell it`);
    };
    const first = Promise.any(names.map(alone)).catch(() => null);
    const wait = { clock: this.#pool.clock, ms: tagPatienceMs, signal };
    const told = await waitAtMost(first, wait).finally(() => scope.end());
    signal.throwIfAborted();
    return told;
  }

  #headsOf(tag: BlockTag): Work<HeadsAnswer> {
    return async (endpoint, inTime) => {
      const [latest, tagged] = await endpoint.batch([headerCall('latest'), headerCall(tag)], inTime);
      const head = headIn(latest, endpoint);
      this.#told(endpoint, head);
      return { latest: head, tagged: readTag(tagged), endpoint: endpoint.name };
    };
  }

  /**
   * Asks every endpoint that is there whether it has blocks behind one at which the head has been for long; true where one has. Those
   * that have none then are asked after the others until their heads move.
   */
  async lookBehind(block: number, signal: AbortSignal): Promise<boolean> {
    const names = this.#pool.reachable(this.#choice);
    if (names.length < 2) return false;
    // Who does not answer says nothing.
    const answers = await Promise.all(names.map((name) => this.#hasMore(name, block, signal).catch(() => null)));
    if (!answers.includes(true)) return false;
    const standing = names.filter((_, at) => answers[at] === false);
    for (const name of standing) this.#pool.standsStill(name, block);
    return true;
  }

  /** Its head alone may be anything: a block counts as behind where it is there. */
  #hasMore(name: string, block: number, signal: AbortSignal): Promise<boolean> {
    const work: Work<boolean> = async (endpoint) => {
      const [latest, next] = await endpoint.batch([headerCall('latest'), headerCall(block + 1)], signal);
      const head = headerIn(latest);
      this.#told(endpoint, head);
      return head !== null && head.number > block && headerIn(next, block + 1) !== null;
    };
    return this.#ask(name, 2, work, signal);
  }

  /**
   * Asks every endpoint, also those that were put aside, whether it has a block; throws ChainMismatchError where all serve another
   * chain. Those that have another one are put aside where they are no more than those that have it.
   */
  async whoHas(block: BlockRef, signal: AbortSignal): Promise<Hearing> {
    // Another pipeline may have read the blocks of another fork.
    this.#pool.readmit();
    const names = this.#pool.names(this.#choice);
    const voices = await Promise.all(names.map((name) => this.#voiceOf(name, block.number, signal)));
    const hearing = hear(
      block,
      voices.filter(([name]) => !this.#pool.isStrange(name)),
    );
    const { have, lack } = hearing;
    if (have.length > 0 && lack.length > 0) this.#pool.disagree(have, lack, disagreementOn(block, hearing));
    return hearing;
  }

  /** Asks an endpoint for its block of a number; who does not answer says nothing. */
  async #voiceOf(name: string, number: number, signal: AbortSignal): Promise<Voice> {
    const work: Work<Voice> = async (endpoint) => {
      const [outcome] = await endpoint.batch([headerCall(number)], signal);
      return [name, headerIn(outcome, number)?.hash ?? null];
    };
    try {
      return await this.#ask(name, 1, work, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof RpcError || error instanceof ChainUnreachableError) return [name, null];
      throw error;
    }
  }

  /** Asks one endpoint, which need not answer. */
  #ask<T>(name: string, calls: number, work: Work<T>, signal: AbortSignal): Promise<T> {
    const how = { calls, isUrgent: true, isSimple: true, isOptional: true, isForCaller: never } as const;
    const question: Question<T> = { ...how, work, choice: { only: [name] } };
    return this.#pool.ask(question, signal);
  }

  #told({ name }: JsonRpcEndpoint, head: BlockHeader | null): void {
    if (head !== null) this.#pool.told(name, head.number, true);
  }
}
