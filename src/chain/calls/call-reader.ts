import type { ChainClient } from '../blocks/chain-client.js';
import { RpcError, asksForLess } from '../transport/errors/rpc-error.js';
import type { JsonRpcEndpoint } from '../transport/rpc/json-rpc.js';
import { chunks } from '../../runtime/chunks.js';
import { askUnits } from './ask-units.js';
import { CallWays } from './call-ways.js';
import type { CallWay } from './call-ways.js';
import { isPinned } from './contract-call.js';
import type { BlockCalls, CallAnswer, CallBlock, CallUnit, ContractCall } from './contract-call.js';
import { Multicall, leastTogether, mostTogether, multicallAddress } from './multicall.js';
import { MulticallBlocks } from './multicall-blocks.js';
import type { Call } from '../../runtime/call.js';
import { ChainUnreachableError } from '../../runtime/errors.js';

/** `eth_call`s of one request. */
const unitsPerBatch = 50;

/** A unit that holds several calls, or one. */
interface Unit extends CallUnit {
  readonly calls: readonly ContractCall[];
}

/** What one endpoint answered. */
interface Answered {
  readonly endpoint: string;
  readonly found: ReadonlyMap<Unit, CallAnswer>;
}

/** What is asked, and what is known of it by now. */
interface Reading extends Call {
  readonly answers: Map<ContractCall, CallAnswer>;
  readonly chain: ChainClient;
  readonly isOptional: boolean;
}

/**
 * Calls contracts at blocks: many together, through Multicall3 where it is, whose failures are asked again by themselves. No
 * answer is of another block than the one that is meant.
 */
export class CallReader {
  readonly #chain: ChainClient;
  readonly #ways = new CallWays();
  readonly #multicallBlocks = new MulticallBlocks();
  #multicall: Multicall | undefined;

  constructor(chain: ChainClient) {
    this.#chain = chain;
  }

  /**
   * Returns what became of each call; equal ones should be given once. Throws ChainUnreachableError where no endpoint answers
   * for one: nothing is then known of it. `only`: these endpoints are asked, each once; what they fail at is thrown as RpcError.
   */
  async read(
    groups: readonly BlockCalls[],
    asking: Call,
    only?: readonly string[],
  ): Promise<ReadonlyMap<ContractCall, CallAnswer>> {
    const via =
      only === undefined
        ? { chain: this.#chain, isOptional: false }
        : { chain: this.#chain.via({ only }), isOptional: true };
    const reading = { answers: new Map<ContractCall, CallAnswer>(), ...via, ...asking };
    const alone = groups.flatMap(({ block, calls }) => calls.map((call) => single(block, call)));
    const together = await this.#joined(groups, reading);
    await this.#readAll(together, reading);
    await this.#readAll(
      alone.filter(({ call }) => !reading.answers.has(call)),
      reading,
    );
    return reading.answers;
  }

  /** Returns the units of Multicall3 for blocks at which it is there, and enough is asked. */
  async #joined(groups: readonly BlockCalls[], { chain, isOptional, signal }: Reading): Promise<readonly Unit[]> {
    const worth = groups.filter(({ calls }) => calls.length >= leastTogether);
    const unknown = worth.map(({ block }) => block).filter((block) => this.#multicallBlocks.holds(block) === undefined);
    if (unknown.length > 0) {
      const look = async (endpoint: JsonRpcEndpoint): Promise<void> =>
        this.#multicallBlocks.look(endpoint, unknown, await this.#wayOf(endpoint, unknown, signal), signal);
      await chain.ask(look, { calls: 2, isUrgent: this.#isUrgent(unknown), isOptional }, signal);
    }
    const there = worth.filter(({ block }) => this.#multicallBlocks.holds(block) === true);
    if (there.length === 0) return [];
    const multicall = (this.#multicall ??= await Multicall.load());
    return there.flatMap(({ block, calls }) =>
      chunks(calls, mostTogether).map((part) => ({
        ...{ block, calls: part },
        call: { target: multicallAddress, data: multicall.write(part) },
      })),
    );
  }

  async #readAll(units: readonly Unit[], reading: Reading): Promise<void> {
    await Promise.all(chunks(units, unitsPerBatch).map((part) => this.#readPart(part, reading)));
  }

  /**
   * What one endpoint lacks another may have; where no other answers, that it lacks it is what is known. What is too much for one
   * request is halved.
   */
  async #readPart(units: readonly Unit[], reading: Reading): Promise<void> {
    let rest = units;
    // What of the rest is lacking where it was asked for.
    const lacked = new Map<Unit, Lack>();
    for (const lacking = new Set<string>(); rest.length > 0;) {
      const isLast = lacking.size + 1 >= reading.chain.endpoints.length;
      try {
        const { endpoint, found } = await this.#ask(rest, [...lacking], reading);
        for (const [unit, answer] of found) {
          lacked.delete(unit);
          if (!isLast && isLack(answer)) lacked.set(unit, answer);
          else this.#note(unit, answer, reading);
        }
        rest = rest.filter((unit) => !found.has(unit) || lacked.has(unit));
        if (!isLast && [...found.values()].some(isLack)) lacking.add(endpoint);
        await reading.moved();
      } catch (error) {
        if (error instanceof ChainUnreachableError && lacked.size === rest.length) {
          for (const [unit, answer] of lacked) this.#note(unit, { ...answer, unasked: error.message }, reading);
          return;
        }
        const isTooMuch = error instanceof RpcError && asksForLess(error) && units.length > 1;
        if (!isTooMuch) throw error;
        const half = Math.ceil(rest.length / 2);
        for (const part of [rest.slice(0, half), rest.slice(half)]) await this.#readPart(part, reading);
        return;
      }
    }
  }

  async #ask(
    units: readonly Unit[],
    lacking: readonly string[],
    { chain, isOptional, signal }: Reading,
  ): Promise<Answered> {
    const blocks = units.map(({ block }) => block);
    const work = async (rpc: JsonRpcEndpoint): Promise<Answered> => ({
      endpoint: rpc.name,
      found: await this.#askOne(rpc, units, signal),
    });
    const isForCaller = (error: RpcError): boolean => asksForLess(error) && units.length > 1;
    const how = { calls: units.length, isUrgent: this.#isUrgent(blocks), isForCaller, isOptional };
    const only = chain.endpoints.filter((name) => !lacking.includes(name));
    return chain.via({ only }).ask(work, how, signal);
  }

  async #askOne(
    endpoint: JsonRpcEndpoint,
    units: readonly Unit[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<Unit, CallAnswer>> {
    const blocks = units.map(({ block }) => block);
    const way = await this.#wayOf(endpoint, blocks, signal);
    try {
      return await askUnits(endpoint, units, way, signal);
    } catch (error) {
      const isOfHash = way === 'hash' && error instanceof RpcError && error.class === 'invalid-request';
      if (!isOfHash) throw error;
      this.#ways.distrustHashes(endpoint);
      return askUnits(endpoint, units, 'number', signal);
    }
  }

  /** Of the newest block no hash is told: then nobody need be asked whether it would be understood. */
  async #wayOf(endpoint: JsonRpcEndpoint, blocks: readonly CallBlock[], signal: AbortSignal): Promise<CallWay> {
    return blocks.some(isPinned) ? this.#ways.of(endpoint, signal) : 'number';
  }

  #note({ call, calls }: Unit, answer: CallAnswer, { answers }: Reading): void {
    if (calls[0] === call) {
      answers.set(call, answer);
      return;
    }
    // What did not succeed inside may have run out of what all shared: it is asked again by itself.
    if (isLack(answer) || answer.data === null) return;
    const inner = this.#multicall?.read(answer.data, calls.length) ?? [];
    for (const [place, each] of inner.entries()) {
      const asked = calls[place];
      if (each !== null && asked !== undefined) answers.set(asked, { ...answer, ...each });
    }
  }

  #isUrgent(blocks: readonly CallBlock[]): boolean {
    return blocks.some((block) => !isPinned(block) || this.#chain.isNew(block.number));
  }
}

function single(block: CallBlock, call: ContractCall): Unit {
  return { block, call, calls: [call] };
}

type Lack = Extract<CallAnswer, { readonly lacks: unknown }>;

function isLack(answer: CallAnswer): answer is Lack {
  return 'lacks' in answer;
}
