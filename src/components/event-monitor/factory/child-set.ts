import { toChecksumAddress } from '../../../chain/abi/checksum.js';
import type { EventBatch } from '../../../model/batch.js';
import type { BlockRange } from '../../../model/block.js';
import type { EarlyRows, FactoryChild, KnownChildren } from '../../../model/factory-child.js';
import type { FactoryLevel } from './levels.js';

/** A child, and the first block of which ranges give its logs: those below are read for it alone, or need not be. */
interface Child extends FactoryChild {
  readonly from: number;
}

/** The children of a factory as far as they are known, in memory. */
export class ChildSet {
  readonly #levels: readonly FactoryLevel[];
  /** By their addresses, level by level. */
  readonly #children: readonly Map<string, Child>[];
  readonly #creators: ReadonlySet<string>;
  /** Since when those of the last level are children, by EIP-55 addresses. */
  readonly #since = new Map<string, number>();
  #newestSince = -1;
  #pending: Child[] = [];
  #knownTo = -1;
  #changes = 0;

  constructor(levels: readonly FactoryLevel[], known: KnownChildren | null) {
    this.#levels = levels;
    this.#children = levels.map(() => new Map());
    this.#creators = new Set(levels[0]?.creators ?? []);
    for (const child of known?.children ?? []) this.add(child, 0);
    this.#knownTo = known?.knownTo ?? -1;
  }

  /** Up to this block all announcements are known. */
  get knownTo(): number {
    return this.#knownTo;
  }

  set knownTo(block: number) {
    this.#knownTo = block;
  }

  /** Grows whenever the addresses do, or shrink. */
  get changes(): number {
    return this.#changes;
  }

  /** The addresses whose logs are wanted. */
  get addresses(): readonly string[] {
    return [...this.#last.keys()];
  }

  /** All that is known, of every level. */
  get all(): readonly FactoryChild[] {
    return this.#children.flatMap((children) => [...children.values()]);
  }

  /** How many contracts are read. */
  get size(): number {
    return this.#last.size;
  }

  /** The blocks that are yet to be read for some children, from the first to the last of them; null: none. */
  get earlier(): BlockRange | null {
    const ranges = this.#pending.flatMap(({ earlier }) => earlier ?? []);
    if (ranges.length === 0) return null;
    return { from: Math.min(...ranges.map(({ from }) => from)), to: Math.max(...ranges.map(({ to }) => to)) };
  }

  /** The children for which they are. */
  get waiting(): readonly FactoryChild[] {
    return this.#pending;
  }

  /** Returns who announces children of a level. */
  creatorsOf(level: number): readonly string[] {
    return this.#levels[level]?.creators ?? [...(this.#children[level - 1]?.keys() ?? [])];
  }

  /** Returns since when a contract announces children of a level; undefined where it does not. */
  creatorSince(level: number, address: string): number | undefined {
    if (level === 0) return this.#creators.has(address) ? -1 : undefined;
    return this.#children[level - 1]?.get(address)?.since;
  }

  has(level: number, address: string): boolean {
    return this.#children[level]?.has(address) ?? false;
  }

  /** Adds a child whose logs ranges give from a block on. */
  add(child: FactoryChild, from: number): void {
    this.#children[child.level]?.set(child.address, { ...child, from });
    if (child.level < this.#levels.length - 1) return;
    this.#changes += 1;
    this.#since.set(toChecksumAddress(child.address), child.since);
    this.#newestSince = Math.max(this.#newestSince, child.since);
    if (child.earlier !== null) this.#pending.push({ ...child, from });
  }

  /** Says whether a log of a contract in a block is to be taken from ranges. */
  takes(address: string, block: number): boolean {
    const child = this.#last.get(address);
    return child !== undefined && block >= child.from;
  }

  /** Returns since where a batch holds rows of children from before they were. */
  earlyRows({
    events,
    undecoded,
    fromBlock,
  }: Pick<EventBatch, 'events' | 'undecoded' | 'fromBlock'>): readonly EarlyRows[] {
    if (fromBlock >= this.#newestSince) return [];
    const first = new Map<string, number>();
    for (const { contractAddress, blockNumber } of [...events, ...undecoded]) {
      if (blockNumber >= (this.#since.get(contractAddress) ?? -1)) continue;
      first.set(contractAddress, Math.min(blockNumber, first.get(contractAddress) ?? blockNumber));
    }
    return [...first].map(([address, firstBlock]) => ({ address: address.toLowerCase(), firstBlock }));
  }

  /** Notes that earlier blocks have been read up to one. */
  readTo(block: number): void {
    this.#narrow(({ from, to }) => ({ from: Math.max(from, block + 1), to }));
  }

  /** Forgets those that became children above a block, and that later announcements are known: a search for them has failed. */
  forgetAbove(block: number): void {
    this.#knownTo = Math.min(this.#knownTo, block);
    for (const children of this.#children)
      for (const [address, { since }] of children) if (since > block) children.delete(address);
    for (const [address, since] of this.#since) if (since > block) this.#since.delete(address);
    this.#pending = this.#pending.filter(({ since }) => since <= block);
    this.#changes += 1;
  }

  /** Forgets them because the blocks above are read anew, earlier ones of other children too. */
  dropAbove(block: number): void {
    this.forgetAbove(block);
    this.#narrow(({ from, to }) => ({ from, to: Math.min(to, block) }));
    // What ranges give is read anew from the block on.
    for (const children of this.#children)
      for (const [address, child] of children) children.set(address, { ...child, from: 0 });
  }

  #narrow(change: (range: BlockRange) => BlockRange): void {
    this.#pending = this.#pending.flatMap((child) => {
      const earlier = child.earlier && change(child.earlier);
      return earlier === null || earlier.from > earlier.to ? [] : [{ ...child, earlier }];
    });
  }

  get #last(): Map<string, Child> {
    return this.#children.at(-1) ?? new Map();
  }
}
