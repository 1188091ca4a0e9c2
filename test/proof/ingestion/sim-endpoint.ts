import type { SimCall } from '../../support/chain-simulator.js';
import type { SimBlock, SimLog } from '../../support/simulated-chain.js';
import { SimRefusal, answerCall, headerOf } from '../../support/simulated-node.js';
import type { NodeTraits, SimError } from '../../support/simulated-node.js';
import { Dice } from '../simulator/dice.js';
import { EndpointLies } from './endpoint-lies.js';
import { callErrors, garbage, rateErrors, refusedConnections, serverErrors } from './endpoint-faults.js';
import type { Reaction } from './endpoint-faults.js';
import { movingMs } from './planned-endpoint.js';
import type { Episode, EpisodeKind, PlannedEndpoint } from './planned-endpoint.js';
import { refuseRange, suggested } from './range-refusals.js';
import { prehistoryOf } from './sim-events.js';
import type { SimTruth } from './sim-truth.js';

export interface SimEndpointOptions {
  readonly plan: PlannedEndpoint;
  readonly truth: SimTruth;
  readonly finalizedDistance: number;
  readonly safeDistance: number;
  readonly blockMs: number;
  /** When the last fault of the schedule is over. */
  readonly quietMs: number;
  readonly chainId: number;
  readonly random: () => number;
  readonly now: () => number;
}

/** What a node shows: its blocks, and up to which of them it has logs. */
interface View {
  readonly blocks: readonly SimBlock[];
  readonly logsUpTo: number;
}

/** How long a flapping endpoint stays as it is, in milliseconds. */
const flapMs = 4_000;
/** For how long a run puts an endpoint aside that it has seen serve another chain, in milliseconds. */
const asideMs = 600_000;

/** What stands behind one URL: one node or several, with limits of their own and troubles that pass. */
export class SimEndpoint {
  readonly plan: PlannedEndpoint;
  /** Called with each head that is told. */
  readonly subscribers = new Set<(header: unknown) => void>();
  /** Called when every connection breaks. */
  readonly connections = new Set<() => void>();
  requests = 0;
  /** How often the logs of a range were asked for, and how often they were refused as too much. */
  ranges = 0;
  refused = 0;
  readonly #options: SimEndpointOptions;
  readonly #dice: Dice;
  readonly #lies: EndpointLies;

  constructor(options: SimEndpointOptions) {
    this.plan = options.plan;
    this.#options = options;
    this.#dice = new Dice(options.random);
    this.#lies = new EndpointLies(options);
  }

  /** Whether nobody gets through to it now. */
  get isAway(): boolean {
    if (this.#active('away') !== undefined) return true;
    const moved = this.#active('moved');
    if (moved !== undefined && this.#options.now() - moved.fromMs < movingMs) return true;
    const flapping = this.#active('flapping');
    return flapping !== undefined && Math.floor((this.#options.now() - flapping.fromMs) / flapMs) % 2 === 0;
  }

  /** Whether it serves another chain now. */
  get isOtherChain(): boolean {
    const isMoved = this.#active('moved') !== undefined || this.#active('swapped') !== undefined;
    return this.plan.isOtherChain || isMoved;
  }

  /** Whether it could have answered everything for so many milliseconds to a run that began at a time. */
  wasWellFor(durationMs: number, beganAt: number): boolean {
    const { plan, now } = this.#options;
    const from = now() - durationMs;
    const isFit = !plan.isOtherChain && plan.oldest === 0 && plan.receipts !== 'lacking' && !this.#lies.isLying(from);
    const endOf = ({ kind, toMs }: Episode): number =>
      (kind === 'swapped' || kind === 'moved') && toMs > beganAt ? toMs + asideMs : toMs;
    return isFit && from >= 0 && plan.episodes.every((each) => endOf(each) < from || each.fromMs > now());
  }

  /** Tells new blocks to those who subscribed. */
  tell(blocks: readonly SimBlock[]): void {
    const keepsQuiet = (['silent', 'stuck', 'mute'] as const).some((kind) => this.#active(kind) !== undefined);
    if (keepsQuiet || this.isAway || this.isOtherChain) return;
    for (const block of blocks) for (const hear of [...this.subscribers]) hear(headerOf(block, { roots: true }));
  }

  /** Takes a request as it arrives. */
  receive(body: SimCall | readonly SimCall[]): Reaction {
    this.requests++;
    const fault = this.#fault(body);
    if (fault !== null) return fault;
    const delayMs = this.#befalls('slow') ? this.#dice.between(500, 40_000) : 0;
    const parsed = this.#answerAll(body);
    return this.#befalls('truncated') ? cutShort(parsed) : { kind: 'answer', status: 200, parsed, delayMs };
  }

  #fault(body: SimCall | readonly SimCall[]): Reaction | null {
    if (this.isAway) return refusedConnections;
    if (this.#active('mute') !== undefined) return { kind: 'silence' };
    if (this.#befalls('too-many-requests')) {
      const retryAfter = this.#dice.pick([undefined, undefined, '1', '3', new Date(0).toUTCString()]);
      return { kind: 'answer', status: 429, text: this.#dice.pick(['', 'Too Many Requests']), retryAfter, delayMs: 0 };
    }
    if (this.#befalls('rate-error')) return whole(body, this.#dice.pick(rateErrors));
    if (this.#befalls('server-error')) return this.#dice.pick(serverErrors);
    if (this.#befalls('page')) return { kind: 'answer', status: 200, text: '<html>Just a moment…</html>', delayMs: 0 };
    if (this.#befalls('garbage')) return this.#dice.pick(garbage);
    return null;
  }

  #answerAll(body: SimCall | readonly SimCall[]): unknown {
    if (!isBatch(body)) return this.#answer(body, this.#view());
    const { batches } = this.plan;
    if (batches === 'none') return errorFor(null, { code: -32600, message: 'batch requests are not supported' });
    if (typeof batches === 'number' && body.length > batches)
      return errorFor(null, { code: -32600, message: `batch too large, max is ${batches}` });
    const view = this.#view();
    return body.map((call) => this.#answer(call, view)).reverse();
  }

  #answer(call: SimCall, view: View): unknown {
    const { id } = call;
    if (call.method === 'eth_subscribe') return { jsonrpc: '2.0', id, result: '0x1' };
    if (this.#befalls('call-error')) return errorFor(id, this.#dice.pick(callErrors));
    try {
      return { jsonrpc: '2.0', id, result: this.#lies.change(call, this.#result(call, view)) };
    } catch (error) {
      if (!(error instanceof SimRefusal)) throw error;
      if (rangeOf(call) !== null) this.refused++;
      return errorFor(id, error.error);
    }
  }

  #result(call: SimCall, { blocks, logsUpTo }: View): unknown {
    const chainId = this.isOtherChain ? 5 : this.#options.chainId;
    const range = rangeOf(call);
    const traits = this.#traits(range);
    if (range === null) return answerCall(call, blocks, logsUpTo, chainId, traits);
    this.ranges++;
    refuseRange(this.plan, range, this.#dice);
    const logs = answerCall(call, blocks, logsUpTo, chainId, traits) as readonly SimLog[];
    const { mostLogs, receipts } = this.plan;
    const isRefused = mostLogs !== null && logs.length > mostLogs.logs;
    // Who gives no receipts gives every block.
    if (!isRefused || (range.from === range.to && receipts === 'none')) return logs;
    throw new SimRefusal(suggested(mostLogs, range, logs, this.#dice));
  }

  #view(): View {
    const { truth, now, blockMs } = this.#options;
    if (this.isOtherChain) {
      const blocks = prehistoryOf('mixed', 600, 'other');
      return { blocks, logsUpTo: blocks.length };
    }
    const stuck = this.#active('stuck');
    if (stuck !== undefined) return wholly(truth.viewAt(stuck.fromMs));
    if (!this.#befalls('lag')) return wholly(truth.blocks);
    const blocks = truth.viewAt(now() - this.#dice.between(0, 12) * blockMs);
    return { blocks, logsUpTo: blocks.length - 1 - Math.floor(this.#dice.between(0, 6)) };
  }

  #traits(range: { readonly from: number; readonly to: number } | null): NodeTraits {
    const { plan, finalizedDistance, safeDistance } = this.#options;
    return {
      finalizedDistance: plan.knowsFinality ? finalizedDistance : null,
      safeDistance,
      maxRange: Number.POSITIVE_INFINITY,
      rangeError: { code: 0, message: '' },
      maxResults: Number.POSITIVE_INFINITY,
      resultsError: { code: 0, message: '' },
      logTimestamps: plan.logTimestamps,
      repeats: this.#befalls('duplicates'),
      strays: range === null ? [] : this.#strays(range),
      receipts: plan.receipts,
      roots: true,
      maxAddresses: plan.maxAddresses,
      beyondHead: plan.beyondHead,
    };
  }

  #strays({ from, to }: { readonly from: number; readonly to: number }): readonly SimLog[] {
    const { truth } = this.#options;
    const within = (block: SimBlock): boolean => block.number >= from && block.number <= to;
    const removed = this.#befalls('removed') ? truth.replaced.filter(within).flatMap(({ logs }) => logs) : [];
    const strays = this.#befalls('strays') ? this.#dice.pick(truth.blocks).logs : [];
    const outside = strays.filter((log) => !within({ number: Number(log.blockNumber) } as SimBlock));
    return [...removed.map((log) => ({ ...log, removed: true })), ...outside];
  }

  #active(kind: EpisodeKind): Episode | undefined {
    const now = this.#options.now();
    return this.plan.episodes.find((episode) => episode.kind === kind && episode.fromMs <= now && now < episode.toMs);
  }

  #befalls(kind: EpisodeKind): boolean {
    const episode = this.#active(kind);
    return episode !== undefined && this.#dice.chance(episode.rate);
  }
}

function isBatch(body: SimCall | readonly SimCall[]): body is readonly SimCall[] {
  return Array.isArray(body);
}

function wholly(blocks: readonly SimBlock[]): View {
  return { blocks, logsUpTo: blocks.length - 1 };
}

function rangeOf({ method, params }: SimCall): { readonly from: number; readonly to: number } | null {
  const filter = params[0] as { readonly fromBlock?: string; readonly toBlock?: string } | undefined;
  if (method !== 'eth_getLogs' || filter?.fromBlock === undefined) return null;
  return { from: Number(filter.fromBlock), to: Number(filter.toBlock) };
}

function errorFor(id: unknown, error: SimError): unknown {
  return { jsonrpc: '2.0', id, error };
}

/** One error for all, or one for each call. */
function whole(body: SimCall | readonly SimCall[], error: SimError): Reaction {
  const parsed = isBatch(body) ? errorFor(null, error) : errorFor(body.id, error);
  return { kind: 'answer', status: 200, parsed, delayMs: 0 };
}

function cutShort(parsed: unknown): Reaction {
  const text = JSON.stringify(parsed);
  return { kind: 'answer', status: 200, text: text.slice(0, Math.floor(text.length * 0.7)), delayMs: 0 };
}
