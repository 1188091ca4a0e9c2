import type { CallAnswer, CallBlock, CallData } from '../../chain/calls/contract-call.js';
import type { ChainAccess } from '../../chain/chains.js';
import { RpcError, isRefusal } from '../../chain/transport/errors/rpc-error.js';
import type { KeptCall } from '../../database/events/call-result-store.js';
import type { BlockRef } from '../../model/block.js';
import { ChainUnreachableError } from '../../runtime/errors.js';
import type { StageContext } from '../seam/stage.js';

/** A call that some events need, and how it is kept. */
export interface NeededCall {
  readonly key: string;
  readonly kept: KeptCall;
  /** The block of the newest event that needs it. */
  readonly block: BlockRef;
  /** Says whether an answer is a value of the method; false: it is null in the event. */
  readonly isValue: (data: string) => boolean;
}

/** A call, and the block of which it is requested. */
export interface AskedCall extends NeededCall {
  readonly at: CallBlock;
}

export interface AnsweredCall extends AskedCall {
  readonly answer: CallAnswer;
}

/** An answer that may be stored only if it is confirmed. */
export interface CheckedCall extends AnsweredCall {
  readonly isConfirmed: boolean;
}

type Read = (
  calls: readonly AskedCall[],
  context: StageContext,
  only: readonly string[],
) => Promise<readonly AnsweredCall[]>;

interface Doubt {
  readonly call: AnsweredCall;
  /** The first answer, and those that were requested to confirm it. */
  readonly answers: CallData[];
}

/** The pause before an endpoint is asked for the same again, in milliseconds, and how often another look is tried for a null. */
const laterMs = 500;
const triesForNull = 3;
/** Unconfirmed answers that are remembered. */
const mostRemembered = 10_000;

/**
 * Confirms answers before they are stored: nulls, and values of `immutable` calls. The second request goes to another endpoint; if there
 * is none that has the state, to the same one later. For `immutable` it is of the newest block, and the same endpoint confirms itself only at
 * another block; if the two differ, a third request goes to an endpoint that returned a value.
 *
 * - Null is confirmed only if no answer is a value.
 * - A value of an `immutable` call is confirmed if two answers agree on it. Of other calls any value will do.
 * - If two answers of an `immutable` call differ and the third does not decide, the event has null. Unconfirmed answers are not stored.
 */
export class Confirmation {
  readonly #chain: ChainAccess;
  readonly #read: Read;
  /** The last unconfirmed answers, by their keys: the next event confirms them at another block. */
  readonly #earlier = new Map<string, CallData>();

  constructor(chain: ChainAccess, read: Read) {
    this.#chain = chain;
    this.#read = read;
  }

  /** Returns the answers with what is known of them after further requests, in their order. */
  async check(first: readonly AnsweredCall[], context: StageContext): Promise<readonly CheckedCall[]> {
    const doubts = new Map(first.flatMap((call) => this.#doubtOf(call)));
    await this.#ask([...doubts.values()].filter(isOpen), 2, context);
    await this.#ask([...doubts.values()].filter(isDisputed), 3, context);
    return first.map((call) => {
      const doubt = doubts.get(call.key);
      return doubt === undefined ? { ...call, isConfirmed: true } : this.#resultOf(doubt);
    });
  }

  #doubtOf(call: AnsweredCall): readonly (readonly [string, Doubt])[] {
    const { key, kept, answer } = call;
    if ('lacks' in answer || (kept.of !== null && valueOf(call, answer) !== null)) return [];
    const earlier = this.#earlier.get(key);
    const both = { call, answers: earlier === undefined ? [answer] : [answer, earlier] };
    const alone = { call, answers: [answer] };
    const isAlone = this.#endpointsFor(alone, 2).includes(answer.endpoint);
    return [[key, isAlone && agreed(both) !== undefined ? both : alone]];
  }

  async #ask(doubts: readonly Doubt[], look: 2 | 3, context: StageContext): Promise<void> {
    const groups = new Map<string, Doubt[]>();
    for (const doubt of doubts) {
      const names = this.#endpointsFor(doubt, look).join('\n');
      const group = groups.get(names) ?? [];
      group.push(doubt);
      groups.set(names, group);
    }
    for (const [names, group] of groups) await this.#askGroup(group, names.split('\n'), look, context);
  }

  async #askGroup(
    group: readonly Doubt[],
    names: readonly string[],
    look: 2 | 3,
    context: StageContext,
  ): Promise<void> {
    const hasNull = group.some(({ call, answers }) => answers.some((answer) => valueOf(call, answer) === null));
    const isSame = group.some(({ answers }) => answers.some(({ endpoint }) => names.includes(endpoint)));
    const missing = new Map(group.map((doubt) => [doubt.call.key, doubt]));
    const unable: Doubt[] = [];
    for (let tries = 0; tries < (hasNull ? triesForNull : 1) && missing.size > 0; tries++) {
      if (tries > 0 || (hasNull && isSame)) await this.#chain.client.sleep(laterMs, context.signal);
      const calls = [...missing.values()].map(({ call }) => ({ ...call, at: blockOf(call, look) }));
      for (const { key, answer } of await this.#tryToRead(calls, context, names)) {
        const doubt = missing.get(key);
        if (doubt === undefined || ('lacks' in answer && answer.lacks === 'block')) continue;
        missing.delete(key);
        if ('lacks' in answer) unable.push(doubt);
        else doubt.answers.push(answer);
      }
    }
    const own = unable.flatMap(({ answers }) => answers.map(({ endpoint }) => endpoint));
    if (own.length > 0 && !isSame) await this.#askGroup(unable, [...new Set(own)], look, context);
  }

  async #tryToRead(...asked: Parameters<Read>): Promise<readonly AnsweredCall[]> {
    try {
      return await this.#read(...asked);
    } catch (error) {
      if (error instanceof RpcError && isRefusal(error))
        return asked[0].map((call) => ({ ...call, answer: { lacks: 'state' } }));
      if (error instanceof RpcError || error instanceof ChainUnreachableError) return [];
      throw error;
    }
  }

  /** Second look: each other node that answers. Third look: those that did not say null. */
  #endpointsFor({ call, answers }: Doubt, look: 2 | 3): readonly string[] {
    const { client } = this.#chain;
    const not = answers.filter((answer) => look === 2 || valueOf(call, answer) === null);
    const others = client.reachable.filter(
      (name) => !not.some(({ endpoint }) => endpoint === name || client.areOneNode(endpoint, name)),
    );
    return others.length > 0 ? others : not.map(({ endpoint }) => endpoint);
  }

  #resultOf(doubt: Doubt): CheckedCall {
    const { call, answers } = doubt;
    const [first] = answers;
    const answer = agreed(doubt);
    this.#earlier.delete(call.key);
    if (answer !== undefined) return { ...call, answer, isConfirmed: true };
    if (this.#earlier.size >= mostRemembered) this.#earlier.clear();
    if (first !== undefined) this.#earlier.set(call.key, first);
    const isUnknown = first !== undefined && isDisputed(doubt);
    return { ...call, answer: isUnknown ? { ...first, data: null } : call.answer, isConfirmed: false };
  }
}

function blockOf({ kept, at, block }: AskedCall, look: 2 | 3): CallBlock {
  return kept.of === null && look === 2 ? { latestFrom: block.number } : at;
}

function valueOf({ isValue }: NeededCall, { data }: CallData): string | null {
  return data !== null && isValue(data) ? data : null;
}

function isOther(one: CallData, other: CallData): boolean {
  return one.endpoint !== other.endpoint || one.block !== other.block;
}

/** Returns the answer that others confirm; undefined if none does. */
function agreed({ call, answers }: Doubt): CallData | undefined {
  const isConfirmedBy = (one: CallData, other: CallData): boolean =>
    one !== other && (call.kept.of !== null || isOther(one, other) || answers.length > 2);
  const values = answers.filter((answer) => valueOf(call, answer) !== null);
  if (call.kept.of !== null && values.length > 0) return values[0];
  if (values.length > 0)
    return values.find((one) => values.some((other) => one.data === other.data && isConfirmedBy(one, other)));
  return answers.find((one) => answers.some((other) => isConfirmedBy(one, other)));
}

function isOpen(doubt: Doubt): boolean {
  return agreed(doubt) === undefined;
}

/** An `immutable` call was answered differently. */
function isDisputed(doubt: Doubt): boolean {
  const { call, answers } = doubt;
  return isOpen(doubt) && new Set(answers.map((answer) => valueOf(call, answer))).size > 1;
}
