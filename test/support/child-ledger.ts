import { expect } from 'chai';
import type { EarlyRows, FactoryChild, FoundChildren, KnownChildren } from '../../src/model/factory-child.js';

/** Stores the children of a factory, as the database does. */
export class ChildLedger {
  known: KnownChildren | null = null;
  readonly #first = new Map<string, number>();

  keep({ definition, knownFrom, knownTo, children }: FoundChildren): void {
    for (const { since } of children) expect(since, 'a child is news').to.be.above(knownFrom).and.at.most(knownTo);
    const kept = (this.known?.children ?? []).filter(({ since }) => since <= knownFrom);
    const all = [...kept, ...children];
    expect(new Set(all.map(({ level, address }) => `${level} ${address}`)).size, 'a child is stored once').to.equal(
      all.length,
    );
    this.known = { definition, knownTo, children: all };
  }

  noteEarly(early: readonly EarlyRows[]): void {
    for (const { address, firstBlock } of early)
      this.#first.set(address, Math.min(firstBlock, this.#first.get(address) ?? firstBlock));
  }

  noteRead(toBlock: number): void {
    this.#change(({ earlier, ...child }) => {
      const left =
        earlier === null || earlier.to <= toBlock
          ? null
          : { from: Math.max(earlier.from, toBlock + 1), to: earlier.to };
      return { ...child, earlier: left };
    });
  }

  /** Returns the addresses whose rows go with them. */
  takeAbove(block: number): ReadonlySet<string> {
    if (this.known === null) return new Set();
    const children = this.known.children.filter(({ since }) => since <= block);
    // Of nested factories' levels only the last one is read: who goes as a factory alone leaves the rows.
    const staysRead = ({ address, level }: FactoryChild): boolean =>
      children.some((other) => other.address === address && other.level > level);
    const gone = this.known.children.filter((child) => child.since > block && !staysRead(child));
    this.known = { ...this.known, knownTo: Math.min(this.known.knownTo, block), children };
    this.#change(({ earlier, ...child }) => {
      const to = Math.min(earlier?.to ?? -1, block);
      return { ...child, earlier: earlier === null || earlier.from > to ? null : { from: earlier.from, to } };
    });
    for (const { address } of gone) this.#first.delete(address);
    return new Set(gone.map(({ address }) => address));
  }

  #change(change: (child: FactoryChild) => FactoryChild): void {
    if (this.known !== null) this.known = { ...this.known, children: this.known.children.map(change) };
  }
}
