import type { BlockRange } from '../../model/block.js';
import type { Clock } from '../../runtime/clock.js';
import type { Logger } from '../../runtime/logger.js';
import { NodeLagsError } from '../blocks/consistency.js';
import type { FetchedRange, RangeCall, RangeReader } from '../blocks/range-reader.js';
import type { PortalClient } from './portal-client.js';
import { PortalError } from './portal-error.js';
import type { PortalHead } from './portal-head.js';
import { PortalFailedError } from './portal-trouble.js';

interface PortalHistoryOptions {
  readonly client: Pick<PortalClient, 'host'>;
  readonly portal: RangeReader;
  readonly head: PortalHead;
  /** Gives what the portal does not have yet, or not at all; null where there are no RPC URLs. */
  readonly nodes: RangeReader | null;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How often answers may not follow each other: portals answer through many workers. */
const unlinkedBorne = 3;
/** How long nodes are read instead of a portal that can't be reached, in milliseconds; longer where it wants to be left alone for longer. */
const avoidedMs = 600_000;

/** Settled blocks: those that a portal has as final come from there, the newer ones, and what it can't give, from nodes. */
export class PortalHistory implements RangeReader {
  readonly #options: PortalHistoryOptions;
  /** Until when the portal is not asked, by the monotonic clock. */
  #avoidedUntil = Number.NEGATIVE_INFINITY;
  #unlinked = 0;

  constructor(options: PortalHistoryOptions) {
    this.#options = options;
  }

  get isProven(): boolean {
    const { portal, nodes } = this.#options;
    return nodes !== null && this.#isAvoided ? nodes.isProven : portal.isProven;
  }

  get room(): number {
    const { portal, nodes } = this.#options;
    return nodes !== null && this.#isAvoided ? nodes.room : portal.room;
  }

  headOf(range: BlockRange): BlockRange {
    const { portal, head, nodes } = this.#options;
    const last = head.number ?? Number.POSITIVE_INFINITY;
    if (nodes !== null && (this.#isAvoided || range.from > last)) return nodes.headOf(range);
    return portal.headOf({ from: range.from, to: Math.max(range.from, Math.min(range.to, last)) });
  }

  async fetch(range: BlockRange, call: RangeCall): Promise<FetchedRange> {
    const { portal, head, nodes } = this.#options;
    if (nodes !== null && (call.verified || this.#isAvoided)) return nodes.fetch(range, call);
    try {
      const last = await head.read(range.from, call.signal);
      if (range.from <= last) return await portal.fetch({ from: range.from, to: Math.min(range.to, last) }, call);
    } catch (error) {
      if (nodes === null || !(error instanceof PortalFailedError)) throw error;
      this.#avoid(error);
    }
    if (nodes === null) throw new NodeLagsError(`block ${range.from} is not final at the portal yet`);
    return nodes.fetch(range, call);
  }

  /** Which of two answers is wrong can't be told: who gives such again and again is not believed. */
  unlinked(): void {
    const { client, nodes } = this.#options;
    if (++this.#unlinked <= unlinkedBorne || nodes === null) return;
    const cause = new PortalError('its answers do not follow each other', { class: 'malformed' });
    this.#avoid(new PortalFailedError(`the portal ${client.host} is not to be believed: ${cause.message}`, { cause }));
  }

  /** A portal whose answers are wrong is not asked again, one that is away after a while. */
  #avoid(error: PortalFailedError): void {
    const { clock, logger } = this.#options;
    const cause = error.cause instanceof PortalError ? error.cause : undefined;
    const isWrong = cause !== undefined && cause.class !== 'away' && cause.class !== 'busy';
    const restMs = isWrong ? Number.POSITIVE_INFINITY : Math.max(avoidedMs, cause?.retryAfterMs ?? 0);
    const until = clock.monotonic() + restMs;
    if (!this.#isAvoided) {
      const time = isWrong ? 'as long as this run lasts' : `for ${Math.ceil(restMs / 60_000)} min`;
      const message = `${error.message}: settled blocks are read from the RPC URLs ${time}`;
      logger.log('warn', message, { event: 'portal.avoided' });
    }
    this.#avoidedUntil = Math.max(this.#avoidedUntil, until);
  }

  get #isAvoided(): boolean {
    return this.#options.clock.monotonic() < this.#avoidedUntil;
  }
}
