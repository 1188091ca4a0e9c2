import type { BlockRange } from '../../model/block.js';
import type { Logger } from '../../runtime/logger.js';
import { NodeLagsError } from '../blocks/consistency.js';
import type { FetchedRange, RangeCall, RangeReader } from '../blocks/range-reader.js';
import type { PortalAvoidance } from './portal-avoidance.js';
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
  /** Whether the run reads nodes instead. */
  readonly avoidance: PortalAvoidance;
  readonly logger: Logger;
}

/** How often answers may not follow each other: portals answer through many workers. */
const unlinkedBorne = 3;

/** Settled blocks: those that a portal has as final come from there, the newer ones, and what it can't give, from nodes. */
export class PortalHistory implements RangeReader {
  readonly #options: PortalHistoryOptions;
  #unlinked = 0;
  /** The first of the blocks that were asked for last. */
  #asksFrom = Number.POSITIVE_INFINITY;

  constructor(options: PortalHistoryOptions) {
    this.#options = options;
  }

  get isProven(): boolean {
    return this.#asked.isProven;
  }

  get room(): number {
    return this.#asked.room;
  }

  headOf(range: BlockRange): BlockRange {
    const { portal, head, nodes } = this.#options;
    this.#asksFrom = range.from;
    const below = this.#below(range);
    if (below !== null) return below.nodes.headOf(below.range);
    const last = head.number ?? Number.POSITIVE_INFINITY;
    if (nodes !== null && (this.#instead !== null || range.from > last)) return nodes.headOf(range);
    return portal.headOf({ from: range.from, to: Math.max(range.from, Math.min(range.to, last)) });
  }

  async fetch(range: BlockRange, call: RangeCall): Promise<FetchedRange> {
    const { portal, head, nodes, avoidance } = this.#options;
    this.#asksFrom = range.from;
    if (nodes !== null && (call.verified || this.#instead !== null)) return nodes.fetch(range, call);
    const below = this.#below(range);
    if (below !== null) return below.nodes.fetch(below.range, call);
    try {
      const last = await head.read(range.from, call.signal);
      if (range.from <= last) {
        const fetched = await portal.fetch({ from: range.from, to: Math.min(range.to, last) }, call);
        // What was on its way when the portal was found out is not taken any more.
        if (this.#instead === null) {
          avoidance.took(fetched);
          return fetched;
        }
      }
    } catch (error) {
      if (nodes === null || !(error instanceof PortalFailedError)) throw error;
      if (this.#learnBeginning(error, range)) return this.fetch(range, call);
      avoidance.begin(error);
    }
    if (nodes === null) throw new NodeLagsError(`block ${range.from} is not final at the portal yet`);
    return nodes.fetch(range, call);
  }

  drop(): void {
    this.#options.portal.drop?.();
  }

  /** Which of two answers is wrong can't be told: who gives such again and again is not believed. */
  unlinked(): void {
    const { client, nodes, avoidance } = this.#options;
    if (++this.#unlinked <= unlinkedBorne || nodes === null) return;
    const cause = new PortalError('its answers do not follow each other', { class: 'malformed' });
    avoidance.begin(
      new PortalFailedError(`the portal ${client.host} is not to be believed: ${cause.message}`, { cause }),
    );
  }

  /** Who has the blocks that were asked for last. */
  get #asked(): RangeReader {
    const { portal, nodes, head } = this.#options;
    return this.#instead ?? (this.#asksFrom < head.first ? nodes : null) ?? portal;
  }

  /** Returns what of a range lies below the data set, and who has that; null where its first block does not, or nobody has it. */
  #below({ from, to }: BlockRange): { readonly nodes: RangeReader; readonly range: BlockRange } | null {
    const { nodes, head } = this.#options;
    return nodes === null || from >= head.first ? null : { nodes, range: { from, to: Math.min(to, head.first - 1) } };
  }

  /** Says whether the portal failed only because its data set begins above a range. */
  #learnBeginning({ cause }: PortalFailedError, { from }: BlockRange): boolean {
    const { client, head, logger } = this.#options;
    const first = cause instanceof PortalError ? cause.beginsAt : undefined;
    if (first === undefined || first <= from) return false;
    const message = `the portal ${client.host} begins with block ${first}: what lies below is read from the RPC URLs`;
    if (head.begins(first)) logger.log('info', message, { event: 'portal.begins', block: first });
    return true;
  }

  /** What is read now instead of the portal; null: nothing. */
  get #instead(): RangeReader | null {
    const { nodes, avoidance } = this.#options;
    return avoidance.isOn ? nodes : null;
  }
}
