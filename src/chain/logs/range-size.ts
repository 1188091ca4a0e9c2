import type { BlockRange } from '../../model/block.js';
import { AnswerVolume } from './answer-volume.js';
import { EndpointLimits } from './endpoint-limits.js';
import { LogsTarget } from './logs-target.js';
import type { RpcError } from '../transport/errors/rpc-error.js';

/** What the answer to a request for logs was like. */
export interface RangeAnswer {
  readonly range: BlockRange;
  readonly logs: number;
  /** How long the answer was, in bytes. */
  readonly bytes?: number | undefined;
  /** How long it took, in milliseconds. */
  readonly ms?: number | undefined;
  /** The name of the endpoint that gave it. */
  readonly endpoint: string;
}

/** How far beyond the wanted number of blocks a request may grow. */
const mostGrowth = 64;
/** Answers to requests for no more blocks than these are short enough to be waited for, and may be of unknown length, some at a time. */
const few = 100;
/** The share of all requests that may be refused for the sake of a better size, and how many may be at once. */
const mostWaste = 0.04;
const wasteBorne = 10;
/** After so many requests whoever has not told how one of them ended does not tell any more. */
const answersRemembered = 64;

/** What is known of one endpoint. */
interface KnownEndpoint {
  readonly limits: EndpointLimits;
  /** Ends that it has proposed for ranges that it refused, by the first block. */
  readonly suggestions: Map<number, number>;
  /** A request that asks for more than it is known to answer; `at`: after how many requests. */
  trial: (BlockRange & { readonly at: number }) | null;
  /** After how many requests it was asked last. */
  askedAt: number;
  /** False between a refusal and the next answer: what was refused is not tried at once again. */
  mayTry: boolean;
}

/**
 * How many blocks a request asks for: as many as the endpoint gives at once that it goes to, as far as that has told. Made for
 * several requests in flight: only one at a time tries more than an endpoint is known to take.
 */
export class RangeSize {
  readonly #wanted: number;
  readonly #there: () => readonly string[];
  readonly #volume = new AnswerVolume();
  /** By their hosts. */
  readonly #endpoints = new Map<string, KnownEndpoint>();
  #answers = 0;
  #requests = 0;
  #wasted = 0;

  /** Begins with `wanted` blocks; `there`: the names of the endpoints that may be asked now. */
  constructor(wanted: number, there: () => readonly string[] = () => []) {
    this.#wanted = Math.max(1, wanted);
    this.#there = there;
  }

  /** True once an endpoint has answered requests of its size, or stated it; before, several at a time would only be refused together. */
  get isProven(): boolean {
    return this.#known().some(({ limits }) => limits.isProven);
  }

  /** True where no endpoint that has told anything gives more than some blocks at once. */
  get givesFew(): boolean {
    return this.#known().every(({ limits }) => limits.size <= few);
  }

  /** How many requests were answered. */
  get answers(): number {
    return this.#answers;
  }

  /** Returns what of a range is to be asked for beside all else, so that something is there soon; null where it would be no sooner. */
  firstOf(range: BlockRange): BlockRange | null {
    return this.#answers > 0 || countOf(this.planOf(range)) <= few ? null : cut(range, 1);
  }

  /** Returns the head of a range that one request may ask for, whichever endpoint takes it: what the one would get that gives most. */
  planOf(range: BlockRange): BlockRange {
    const widest = this.#widest();
    const isNewcomer = this.#hosts().some((host) => !this.#endpoints.has(host));
    if (widest === undefined || (isNewcomer && widest.limits.size < this.#beginning))
      return cut(range, this.#beginning);
    return this.#headFor(widest, range, Number.POSITIVE_INFINITY);
  }

  /** Returns the head of a range for which an endpoint may be asked next, of `most` blocks at most. */
  headOf(range: BlockRange, endpoint: string, most = Number.POSITIVE_INFINITY): BlockRange {
    const asked = this.#of(hostOf(endpoint));
    // The answer to a single block would not tell what it gives.
    if (most > 1) asked.askedAt = this.#requests;
    const suggested = asked.suggestions.get(range.from);
    for (const { suggestions } of this.#endpoints.values()) suggestions.delete(range.from);
    if (suggested !== undefined) return cut(range, Math.min(suggested - range.from + 1, most));
    return this.#headFor(asked, range, most);
  }

  /**
   * Returns for how many blocks of a range an endpoint would be asked: for no fewer than others give where it has refused nothing, and
   * for none while its first answer is awaited.
   */
  worthOf(endpoint: string, range: BlockRange): number {
    const known = this.#endpoints.get(hostOf(endpoint));
    const blocks = countOf(range);
    if (known === undefined) return Math.min(blocks, this.#beginning);
    const { limits, askedAt } = known;
    if (!limits.hasTold && this.#requests - askedAt < answersRemembered) return 0;
    return Math.min(blocks, limits.hasRefused ? limits.size : Math.max(limits.size, this.#beginning));
  }

  /** Learns from an answer. */
  answered({ range, logs, bytes = 0, ms = 0, endpoint }: RangeAnswer): void {
    this.#answers++;
    const blocks = countOf(range);
    this.#requests++;
    this.#volume.learn(blocks, logs, bytes);
    const known = this.#of(hostOf(endpoint));
    known.mayTry = true;
    known.limits.learn({ blocks, logs, ms }, endsTrial(known, range), this.#volume);
  }

  /** Learns from a refusal; the next request for this range is smaller in any case. */
  refused(range: BlockRange, error: RpcError): void {
    this.#requests++;
    this.#wasted++;
    const known = this.#of(error.host);
    known.mayTry = false;
    known.askedAt = Number.NEGATIVE_INFINITY;
    endsTrial(known, range);
    const end = suggestedEnd(range, error);
    if (end !== undefined) known.suggestions.set(range.from, end);
    const suggested = end === undefined ? undefined : end - range.from + 1;
    known.limits.refuse(countOf(range), error, suggested);
  }

  #headFor(known: KnownEndpoint, range: BlockRange, most: number): BlockRange {
    for (const each of this.#endpoints.values()) if (each.trial?.from === range.from) each.trial = null;
    const { limits } = known;
    const safe = cut(range, Math.min(limits.size, most));
    const larger = cut(range, Math.min(limits.nextSize(this.#volume), most));
    if (larger.to === safe.to || !known.mayTry || this.#isTrying(known) || !this.#mayWaste(range, limits.size))
      return safe;
    known.trial = { ...larger, at: this.#requests };
    return larger;
  }

  #hosts(): readonly string[] {
    return this.#there().map(hostOf);
  }

  /** What is known of the endpoints that are there; of all where nothing is known of these. */
  #known(): readonly KnownEndpoint[] {
    const there = this.#hosts().flatMap((host) => this.#endpoints.get(host) ?? []);
    return there.length > 0 ? there : [...this.#endpoints.values()];
  }

  #widest(): KnownEndpoint | undefined {
    const [first, ...others] = this.#known();
    return others.reduce((widest, each) => (each.limits.size > (widest?.limits.size ?? 0) ? each : widest), first);
  }

  /** With how many blocks an endpoint begins: no fewer than others give, but not more than an answer should hold. */
  get #beginning(): number {
    const size = Math.max(this.#wanted, this.#widest()?.limits.size ?? 0);
    return Math.min(size, this.#volume.blocksOf(new LogsTarget().target));
  }

  #of(host: string): KnownEndpoint {
    const known = this.#endpoints.get(host);
    if (known !== undefined) return known;
    const limits = new EndpointLimits(this.#beginning, this.#wanted, this.#wanted * mostGrowth);
    const added = { limits, suggestions: new Map(), trial: null, askedAt: Number.NEGATIVE_INFINITY, mayTry: false };
    this.#endpoints.set(host, added);
    return added;
  }

  #isTrying({ trial }: KnownEndpoint): boolean {
    // A trial that nobody has told the end of was given up.
    return trial !== null && this.#requests - trial.at < answersRemembered;
  }

  /** Says whether one more refusal would do: few so far, and few of all that will be made for the range. */
  #mayWaste(range: BlockRange, size: number): boolean {
    const inAll = this.#requests + countOf(range) / size;
    const borne = Math.min(inAll * mostWaste, wasteBorne + this.#requests * mostWaste);
    return this.#wasted + 1 <= borne;
  }
}

function endsTrial(known: KnownEndpoint, { from, to }: BlockRange): boolean {
  if (known.trial?.from !== from || known.trial.to !== to) return false;
  known.trial = null;
  return true;
}

/** Returns an endpoint's host: those of one host are told apart by a number behind it, and have the same limits. */
export function hostOf(endpoint: string): string {
  return endpoint.replace(/#\d+$/, '');
}

function countOf({ from, to }: BlockRange): number {
  return to - from + 1;
}

function cut({ from, to }: BlockRange, blocks: number): BlockRange {
  return { from, to: Math.min(to, from + Math.max(1, blocks) - 1) };
}

/** A suggestion counts where it is smaller than what was refused: some nodes suggest the very range they refuse. */
function suggestedEnd(asked: BlockRange, { suggestion }: RpcError): number | undefined {
  if (suggestion?.from !== asked.from || suggestion.to >= asked.to) return undefined;
  return suggestion.to;
}
