import type { BlockRange } from '../../model/block.js';
import { AnswerVolume } from './answer-volume.js';
import { EndpointLimits } from './endpoint-limits.js';
import type { RpcError } from '../transport/errors/rpc-error.js';

/** What the answer to a request for logs was like. */
export interface RangeAnswer {
  readonly range: BlockRange;
  readonly logs: number;
  /** How long the answer was, in bytes. */
  readonly bytes?: number | undefined;
  /** How long it took, in milliseconds. */
  readonly ms?: number | undefined;
  /** The name of the endpoint that gave it; the one that answered before, where nothing is said. */
  readonly endpoint?: string | undefined;
}

/** How far beyond the wanted number of blocks a request may grow. */
const mostGrowth = 64;
/** The share of all requests that may be refused for the sake of a better size, and how many may be at once. */
const mostWaste = 0.04;
const wasteBorne = 10;
/** An endpoint that has given so many answers less than the others does not count any more. */
const answersRemembered = 64;

/**
 * How many blocks a request asks for: as many as the endpoints give at once, as far as they have told. Made for several
 * requests in flight: only one at a time tries more than is known to work.
 */
export class RangeSize {
  readonly #wanted: number;
  readonly #volume = new AnswerVolume();
  readonly #endpoints = new Map<string, { readonly limits: EndpointLimits; seenAt: number }>();
  #current = '';
  /** Ends that endpoints have proposed for ranges that they refused, by the first block. */
  readonly #suggestions = new Map<number, number>();
  /** False between a refusal and the next answer: what was refused is not tried at once again. */
  #mayTry = false;
  #trial: (BlockRange & { readonly at: number }) | null = null;
  #requests = 0;
  #wasted = 0;

  /** Begins with `wanted` blocks. */
  constructor(wanted: number) {
    this.#wanted = Math.max(1, wanted);
  }

  /** True once requests of this size have been answered; before, several at a time would only be refused together. */
  get isProven(): boolean {
    return this.#tightest().isProven;
  }

  /** Returns the head of a range that may be asked for now, of `most` blocks at most. */
  headOf(range: BlockRange, most = Number.POSITIVE_INFINITY): BlockRange {
    if (this.#trial?.from === range.from) this.#trial = null;
    const suggested = this.#suggestions.get(range.from);
    this.#suggestions.delete(range.from);
    if (suggested !== undefined) return cut(range, Math.min(suggested - range.from + 1, most));
    const limits = this.#tightest();
    const safe = cut(range, Math.min(limits.size, most));
    const larger = cut(range, Math.min(limits.nextSize(this.#volume), most));
    if (larger.to === safe.to || !this.#mayTry || this.#isTrying() || !this.#mayWaste(range, limits.size)) return safe;
    this.#trial = { ...larger, at: this.#requests };
    return larger;
  }

  /** Learns from an answer. */
  answered({ range, logs, bytes = 0, ms = 0, endpoint }: RangeAnswer): void {
    const blocks = countOf(range);
    this.#requests++;
    this.#mayTry = true;
    this.#volume.learn(blocks, logs, bytes);
    this.#limitsOf(endpoint && hostOf(endpoint)).learn({ blocks, logs, ms }, this.#isTrial(range), this.#volume);
  }

  /** Learns from a refusal; the next request for this range is smaller in any case. */
  refused(range: BlockRange, error: RpcError): void {
    this.#requests++;
    this.#wasted++;
    this.#mayTry = false;
    this.#isTrial(range);
    const end = suggestedEnd(range, error);
    if (end !== undefined) this.#suggestions.set(range.from, end);
    const suggested = end === undefined ? undefined : end - range.from + 1;
    this.#limitsOf(error.host).refuse(countOf(range), error, suggested);
  }

  /** Returns the limits of the endpoint that answers, or of the strictest where several do. */
  #tightest(): EndpointLimits {
    const seen = [...this.#endpoints.values()].filter(({ seenAt }) => this.#requests - seenAt < answersRemembered);
    const [first, ...others] = seen.map(({ limits }) => limits);
    if (first === undefined) return this.#limitsOf(undefined);
    return others.reduce((tightest, limits) => (limits.size < tightest.size ? limits : tightest), first);
  }

  #limitsOf(host: string | undefined): EndpointLimits {
    const name = host ?? this.#current;
    const known = this.#endpoints.get(name) ?? this.#adopt(name);
    known.seenAt = this.#requests;
    this.#current = name;
    return known.limits;
  }

  /** The endpoint whose name nobody knew is the first that is named; another begins where the one before it is. */
  #adopt(name: string): { readonly limits: EndpointLimits; seenAt: number } {
    const before = this.#endpoints.get(this.#current)?.limits;
    const size = before?.size ?? this.#wanted;
    const isNamed = this.#current === '' && before !== undefined;
    const limits = isNamed ? before : new EndpointLimits(size, this.#wanted, this.#wanted * mostGrowth);
    this.#endpoints.delete('');
    const entry = { limits, seenAt: this.#requests };
    this.#endpoints.set(name, entry);
    return entry;
  }

  #isTrying(): boolean {
    // A trial that nobody has told the end of was given up.
    return this.#trial !== null && this.#requests - this.#trial.at < answersRemembered;
  }

  #isTrial({ from, to }: BlockRange): boolean {
    if (this.#trial?.from !== from || this.#trial.to !== to) return false;
    this.#trial = null;
    return true;
  }

  /** Says whether one more refusal would do: few so far, and few of all that will be made for the range. */
  #mayWaste(range: BlockRange, size: number): boolean {
    const inAll = this.#requests + countOf(range) / size;
    const borne = Math.min(inAll * mostWaste, wasteBorne + this.#requests * mostWaste);
    return this.#wasted + 1 <= borne;
  }
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
