import type { ChildStore } from '../../database/events/child-store.js';
import type { FactoryChild, ToldChildren } from '../../model/factory-child.js';

/**
 * Contracts of which an audit does not know whether they are children: a run may go on beside it, and the chain may replace what was
 * announced. Whoever was announced in settled blocks is one for sure, and of others where both tell the same: the chain as the
 * audit saw it, and what is stored now.
 */
export class UnsureChildren {
  readonly #store: ChildStore;
  readonly #pipelineId: number;
  readonly #definition: string;
  /** Above it anything may have changed. */
  readonly #sureTo: number;
  readonly #told: ReadonlySet<string>;
  /** Of those that were told, by what they are: their addresses. */
  readonly #toldAbove: ReadonlyMap<string, string>;

  constructor(store: ChildStore, pipelineId: number, told: ToldChildren, settled: number) {
    const sureTo = Math.min(settled, told.knownTo);
    this.#store = store;
    this.#pipelineId = pipelineId;
    this.#definition = told.definition;
    this.#sureTo = sureTo;
    this.#told = new Set(told.children.map(childKey));
    this.#toldAbove = byKey(told.children.filter(({ since }) => since > sureTo));
  }

  /** Returns their addresses (0x-hex in lower case). */
  async addresses(): Promise<ReadonlySet<string>> {
    const stored = byKey(await this.#store.announcedAbove(this.#pipelineId, this.#definition, this.#sureTo));
    return new Set([
      ...[...stored].filter(([key]) => !this.#told.has(key)).map(([, address]) => address),
      ...[...this.#toldAbove].filter(([key]) => !stored.has(key)).map(([, address]) => address),
    ]);
  }
}

/** Returns what tells a child from others: a contract may be one on several levels. */
export function childKey({ level, address }: FactoryChild): string {
  return `${level} ${address}`;
}

function byKey(children: readonly FactoryChild[]): ReadonlyMap<string, string> {
  return new Map(children.map((child) => [childKey(child), child.address]));
}
