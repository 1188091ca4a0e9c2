import type { ChainClient } from '../../../chain/blocks/chain-client.js';
import { withoutCode } from '../../../chain/blocks/without-code.js';
import type { BlockRange } from '../../../model/block.js';
import type { RawLog } from '../../../model/event.js';
import type { FactoryChild } from '../../../model/factory-child.js';
import { ofAnnouncements } from './child-filters.js';
import type { ChildSet } from './child-set.js';
import type { FactoryLevel } from './levels.js';
import type { PastReader, Standpoint } from './past-reader.js';
import type { Call } from '../../../runtime/call.js';

interface ChildSearchOptions {
  readonly levels: readonly FactoryLevel[];
  readonly set: ChildSet;
  readonly past: PastReader;
  /** Says who had no code yet; null where there is none to ask. */
  readonly chain: ChainClient | null;
  readonly moved: Call['moved'];
}

/** Announcements among logs that are at hand, or that are yet to be read: all of a level in a range. */
type Announced = (
  level: number,
  creators: readonly string[],
  range: BlockRange,
) => AsyncIterable<readonly RawLog[]> | Iterable<readonly RawLog[]>;

/** Where a child was announced, and since when it is one. */
interface Announcement {
  readonly block: number;
  readonly since: number;
}

/** Finds children level by level, and adds them to a set. */
export class ChildSearch {
  readonly #options: ChildSearchOptions;

  constructor(options: ChildSearchOptions) {
    this.#options = options;
  }

  /** Finds what was announced up to a block, by what the node gives. */
  inPast(upTo: number, at: Standpoint, signal: AbortSignal): Promise<readonly FactoryChild[]> {
    const announced: Announced = (level, creators, range) => this.#past(level, creators, range, at, signal);
    return this.#find(upTo, announced, at, () => at.stretch.next, signal);
  }

  /** Finds what was announced in new blocks, whose logs hold every announcement of whichever contract. */
  inLogs(logs: readonly RawLog[], upTo: number, at: Standpoint, signal: AbortSignal): Promise<readonly FactoryChild[]> {
    const { levels } = this.#options;
    const announced: Announced = function* (level, creators, { from }) {
      const wanted = new Set(creators);
      yield logs.filter(
        ({ address, topics, blockNumber }) =>
          blockNumber >= from && topics[0] === levels[level]?.topic && wanted.has(address),
      );
    };
    return this.#find(upTo, announced, at, ({ since }) => since, signal);
  }

  async #find(
    upTo: number,
    announced: Announced,
    at: Standpoint,
    from: (announcement: Announcement) => number,
    signal: AbortSignal,
  ): Promise<readonly FactoryChild[]> {
    const { levels, set } = this.#options;
    const found: FactoryChild[] = [];
    let added: readonly FactoryChild[] = [];
    for (const [level, { startBlock }] of levels.entries()) {
      const announcements = new Map<string, Announcement>();
      const before = { from: startBlock, to: Math.min(set.knownTo, upTo) };
      const since = { from: Math.max(startBlock, set.knownTo + 1), to: upTo };
      for await (const logs of this.#ofNewCreators(level, added, before, at, signal))
        this.#take(level, logs, announcements);
      const creators = set.creatorsOf(level);
      if (creators.length > 0 && since.from <= since.to)
        for await (const logs of announced(level, creators, since)) this.#take(level, logs, announcements);
      added = await this.#complete(level, announcements, at, from, signal);
      for (const child of added) set.add(child, from(announcements.get(child.address) as Announcement));
      found.push(...added);
    }
    return found;
  }

  /** Who has just become a factory may have announced children before. */
  async *#ofNewCreators(
    level: number,
    added: readonly FactoryChild[],
    range: BlockRange,
    at: Standpoint,
    signal: AbortSignal,
  ): AsyncGenerator<readonly RawLog[], void, undefined> {
    if (added.length === 0 || range.from > range.to) return;
    const { chain, moved } = this.#options;
    const addresses = added.map(({ address }) => address);
    const young = await withoutCode(chain, addresses, range.to, { moved, signal });
    const old = addresses.filter((address) => !young.has(address));
    if (old.length > 0) yield* this.#past(level, old, range, at, signal);
  }

  async *#past(
    level: number,
    creators: readonly string[],
    range: BlockRange,
    at: Standpoint,
    signal: AbortSignal,
  ): AsyncGenerator<readonly RawLog[], void, undefined> {
    const { levels, past } = this.#options;
    const filter = ofAnnouncements(levels[level] as FactoryLevel, creators);
    for await (const { logs } of past.read(filter, range, at, signal)) yield logs;
  }

  /** Only what a factory itself has said counts. The first announcement does: who is announced again was a child before. */
  #take(level: number, logs: readonly RawLog[], announcements: Map<string, Announcement>): void {
    const { levels, set } = this.#options;
    for (const log of logs) {
      const creatorSince = set.creatorSince(level, log.address);
      const address = creatorSince === undefined ? null : (levels[level]?.childOf(log) ?? null);
      if (creatorSince === undefined || address === null || set.has(level, address)) continue;
      const since = Math.max(creatorSince, log.blockNumber);
      if (since < (announcements.get(address)?.since ?? Number.POSITIVE_INFINITY))
        announcements.set(address, { block: log.blockNumber, since });
    }
  }

  /** Says which earlier blocks are to be read for children: none for those that had no code yet. */
  async #complete(
    level: number,
    announcements: ReadonlyMap<string, Announcement>,
    { stretch: { first } }: Standpoint,
    from: (announcement: Announcement) => number,
    signal: AbortSignal,
  ): Promise<readonly FactoryChild[]> {
    const { levels, chain, moved } = this.#options;
    const isRead = level === levels.length - 1;
    const children: FactoryChild[] = [];
    const byBlock = new Map<number, FactoryChild[]>();
    for (const [address, announcement] of announcements) {
      const to = from(announcement) - 1;
      const child = {
        level,
        address,
        since: announcement.since,
        earlier: isRead && first <= to ? { from: first, to } : null,
      };
      if (child.earlier === null || announcement.block <= to) children.push(child);
      else byBlock.set(to, [...(byBlock.get(to) ?? []), child]);
    }
    for (const [block, some] of byBlock) {
      const addresses = some.map(({ address }) => address);
      const young = await withoutCode(chain, addresses, block, { moved, signal });
      children.push(...some.map((child) => (young.has(child.address) ? { ...child, earlier: null } : child)));
    }
    return children;
  }
}
