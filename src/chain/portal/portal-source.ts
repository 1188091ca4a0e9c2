import type { BlockHeader, BlockRange } from '../../model/block.js';
import type { RawLog } from '../../model/event.js';
import type { LogFilter } from '../../model/log-filter.js';
import type { Clock } from '../../runtime/clock.js';
import { Turns } from '../../runtime/turns.js';
import { Inconsistency } from '../blocks/consistency.js';
import { matcherOf, toLogFilter } from '../blocks/log-filter.js';
import { cleanLogs } from '../logs/clean-logs.js';
import type { FetchedRange, RangeCall, RangeReader } from '../blocks/range-reader.js';
import { PortalAnswer } from './portal-answer.js';
import type { PortalPiece } from './portal-answer.js';
import { PortalError, malformed } from './portal-error.js';
import type { PortalHead } from './portal-head.js';
import { logsQuery, portalRequests } from './portal-query.js';
import { PortalSize, pieceBytes } from './portal-size.js';
import type { PortalPatience } from './portal-trouble.js';

export interface PortalSourceOptions {
  readonly dataset: string;
  /** What is known of its newest final block. */
  readonly head: PortalHead;
  readonly filter: LogFilter;
  /** How many blocks a request asks for, to begin with. */
  readonly batchSize: number;
  readonly clock: Clock;
  readonly patience: PortalPatience;
  /** Holds an answer against what others say; throws PortalError where it is not to be believed. */
  readonly check: (fetched: FetchedRange, signal: AbortSignal) => Promise<void>;
}

/** An answer that is being read, and how long its request waited where it was made just now. */
interface Asked {
  readonly answer: PortalAnswer;
  readonly waitedMs?: number;
}

/** How many streams are read at a time: what comes within a second is more than is stored. */
const streams = 4;
/** How many blocks that ended a piece are remembered: the next one may begin behind any that is held. */
const mostEnds = 64;

/** Fetches logs of final blocks from a portal, range by range; what is more than a piece of an answer stays in the stream. */
export class PortalSource implements RangeReader {
  readonly #options: PortalSourceOptions;
  readonly #requests: readonly LogFilter[];
  readonly #size: PortalSize;
  readonly #turns: Turns;
  /** Answers of which some is left, by the block that comes next. */
  readonly #parked = new Map<number, PortalAnswer>();
  /** The blocks that ended a piece. */
  readonly #ends = new Map<number, BlockHeader>();

  constructor(options: PortalSourceOptions) {
    this.#options = options;
    this.#requests = portalRequests(toLogFilter(options.filter));
    this.#size = new PortalSize(options.batchSize);
    this.#turns = new Turns(options.clock);
  }

  get isProven(): boolean {
    return this.#size.isProven;
  }

  get room(): number {
    return streams;
  }

  /** What is left of an answer is read to its end before others are asked for the blocks behind it. */
  headOf(range: BlockRange): BlockRange {
    return this.#begunFor(range)?.rest ?? this.#size.headOf(range);
  }

  /** Throws PortalFailedError where the portal does not give the blocks for long. */
  async fetch({ from, to }: BlockRange, call: RangeCall): Promise<FetchedRange> {
    const { patience, check } = this.#options;
    const { signal } = call;
    // Whoever asks may come to want less of it meanwhile.
    const range = { from, to };
    const trouble = patience.begin(range);
    for (;;) {
      try {
        const fetched = fetchedRange(await this.#read(range, call));
        await check(fetched, signal);
        patience.gave();
        this.#remember(fetched.last);
        return fetched;
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof PortalError && error.class === 'fork') this.#ends.delete(range.from - 1);
        await trouble.bear(error, signal);
      }
    }
  }

  async #read(range: BlockRange, call: RangeCall): Promise<PortalPiece> {
    const [only, ...others] = this.#requests as [LogFilter, ...LogFilter[]];
    if (others.length === 0) return this.#readOn(range, only, call);
    let { to } = range;
    const pieces: PortalPiece[] = [];
    for (const filter of this.#requests) {
      const asked = await this.#ask({ from: range.from, to }, filter, call.signal);
      const piece = await this.#take(asked, call).finally(() => asked.answer.close());
      to = piece.to;
      pieces.push(piece);
    }
    return joined(pieces);
  }

  drop(): void {
    for (const answer of this.#parked.values()) answer.close();
    this.#parked.clear();
  }

  /** Goes on with an answer that was begun where there is one. */
  async #readOn(range: BlockRange, filter: LogFilter, call: RangeCall): Promise<PortalPiece> {
    const { signal } = call;
    const begun = this.#begunFor(range);
    // One whose rest reaches behind the range is of no use here.
    if (begun === undefined) this.#parked.get(range.from)?.close();
    this.#parked.delete(range.from);
    const asked = begun === undefined ? await this.#ask(range, filter, signal) : { answer: begun };
    // One that was begun hears nothing of whoever goes on with it: its request was another's.
    const close = (): void => asked.answer.close();
    signal.addEventListener('abort', close, { once: true });
    try {
      const piece = await this.#take(asked, call);
      signal.throwIfAborted();
      if (!piece.isLast) this.#park(asked.answer);
      return piece;
    } catch (error) {
      close();
      throw error;
    } finally {
      signal.removeEventListener('abort', close);
    }
  }

  #begunFor({ from, to }: BlockRange): PortalAnswer | undefined {
    const answer = this.#parked.get(from);
    return answer === undefined || answer.rest.to > to ? undefined : answer;
  }

  async #take({ answer, waitedMs }: Asked, { moved, signal }: RangeCall): Promise<PortalPiece> {
    const piece = await answer.read(pieceBytes, signal);
    await moved();
    const { from, to, bytes, isLast } = piece;
    const inAll = isLast ? to - answer.range.from + 1 : undefined;
    this.#size.answered({ blocks: to - from + 1, bytes, inAll, isWhole: to === answer.range.to, waitedMs });
    return piece;
  }

  /** What is left of an answer is kept for whoever comes for it, until nobody does any more. */
  #park(answer: PortalAnswer): void {
    const { from: next } = answer.rest;
    this.#parked.get(next)?.close();
    this.#parked.set(next, answer);
  }

  async #ask(range: BlockRange, filter: LogFilter, signal: AbortSignal): Promise<Asked> {
    const { patience, dataset, head, clock } = this.#options;
    const { client, mostWaitMs } = patience;
    const parent = this.#ends.get(range.from - 1);
    const query = logsQuery(filter, range, parent?.hash);
    const { body, finalized, waitedMs } = await client.stream(dataset, query, signal, mostWaitMs);
    head.heard(finalized);
    if (body === null)
      throw new PortalError(`it has nothing of block ${range.from} yet`, { class: 'away', isAnswer: true });
    const answer = new PortalAnswer({ body, range, parent, isWanted: matcherOf(filter), turns: this.#turns, clock });
    return { answer, waitedMs };
  }

  #remember(last: BlockHeader): void {
    this.#ends.set(last.number, last);
    for (const oldest of this.#ends.keys()) {
      if (this.#ends.size <= mostEnds) break;
      this.#ends.delete(oldest);
    }
  }
}

/** Returns what pieces of one range hold together, up to where the shortest of them ends. */
function joined(pieces: readonly PortalPiece[]): PortalPiece {
  const shortest = pieces.at(-1) as PortalPiece;
  const { from, to } = shortest;
  const hashes = new Map<number, string>();
  for (const { first, last, headers } of pieces) {
    for (const { number, hash } of [...(first === null ? [] : [first]), ...headers, last]) {
      if ((hashes.get(number) ?? hash) !== hash) throw malformed(`block ${number} is told in two ways`);
      hashes.set(number, hash);
    }
  }
  const headers = new Map(pieces.flatMap((piece) => piece.headers).map((header) => [header.number, header]));
  const logs = joinedLogs(pieces, { from, to });
  return {
    ...shortest,
    ...{ logs, headers: [...headers.values()].filter(({ number }) => number <= to) },
    bytes: pieces.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

/** What several requests ask for may overlap. */
function joinedLogs(pieces: readonly PortalPiece[], range: BlockRange): readonly RawLog[] {
  const logs = pieces.flatMap((piece) => piece.logs);
  try {
    return cleanLogs(logs, range, () => true).logs;
  } catch (error) {
    throw error instanceof Inconsistency ? malformed(error.message) : error;
  }
}

function fetchedRange({ from, to, logs, first, last, headers, bytes }: PortalPiece): FetchedRange {
  const timestamps = new Map(headers.map(({ number, timestamp }) => [number, timestamp]));
  const known = first === null || first.number === last.number ? [last] : [first, last];
  return { ...{ from, to, logs, last, timestamps, bytes }, headers: known };
}
