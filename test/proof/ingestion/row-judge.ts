import type { SimBlock } from '../../support/simulated-chain.js';
import type { Row } from '../simulator/engine.js';
import { positionColumns, textOf } from './expected-rows.js';
import type { ExpectedRows } from './expected-rows.js';
import type { SimStore } from './sim-store.js';
import type { SimTruth } from './sim-truth.js';

/** Where the checkpoint stands, as the database has it. */
interface Stand {
  readonly version: number;
  readonly start: number | null;
  readonly block: number | null;
  readonly hash: string;
}

const place = 'pipeline_id = 1 AND block_number >= ? ORDER BY block_number, log_index, transaction_hash';
const queries = {
  checkpoint:
    "SELECT version, start_block, block_number, '0x' || LOWER(HEX(hash)) AS hash FROM pipeline_checkpoint WHERE pipeline_id = 1",
  events: `SELECT ${positionColumns}, args FROM event WHERE ${place}`,
  undecoded: `SELECT ${positionColumns}, reason, topics, data FROM undecoded_log WHERE ${place}`,
  count: 'SELECT (SELECT COUNT(*) FROM event) + (SELECT COUNT(*) FROM undecoded_log) AS rows',
  recent: "SELECT block_number, '0x' || LOWER(HEX(block_hash)) AS hash FROM recent_block WHERE pipeline_id = 1",
} as const;

/**
 * Compares the tables with the truth after every commit: the rows must be those of the chain that ends with the
 * checkpoint's block, from the first block on: none missing, none twice, none of another chain.
 */
export class RowJudge {
  readonly wrong: string[] = [];
  /** How many commits have been judged, and how many of them went back. */
  commits = 0;
  rollbacks = 0;
  readonly #parts: { readonly store: SimStore; readonly truth: SimTruth; readonly expected: ExpectedRows };
  #version = 0;
  #start: number | null = null;
  /** The blocks whose rows are stored, by their numbers. */
  readonly #path = new Map<number, SimBlock>();
  #top = -1;

  constructor(parts: { readonly store: SimStore; readonly truth: SimTruth; readonly expected: ExpectedRows }) {
    this.#parts = parts;
  }

  /** The block of the checkpoint; undefined before the first commit. */
  get block(): SimBlock | undefined {
    return this.#path.get(this.#top);
  }

  /** Returns the newest block with rows, of those up to a number, that is not part of a chain; undefined where all are. */
  newestStale(chain: readonly SimBlock[], upTo: number): number | undefined {
    const isStale = (block: SimBlock): boolean =>
      block.number <= upTo && chain[block.number] !== block && this.#parts.expected.of(block).length > 0;
    return [...this.#path.values()].reverse().find(isStale)?.number;
  }

  /** Judges what a script has written, if it moved the checkpoint. */
  look(): void {
    const stand = this.#stand();
    if (stand === null || stand.version === this.#version) return;
    if (stand.version !== this.#version + 1) this.wrong.push(`version ${stand.version} follows ${this.#version}`);
    this.#version = stand.version;
    this.commits++;
    this.#judge(stand);
  }

  /** Judges everything once more, from the first block on. */
  lookAtAll(): void {
    const stand = this.#stand();
    this.#path.clear();
    if (stand !== null && stand.block !== null) this.#judge(stand);
  }

  #judge({ start, block: number, hash }: Stand): void {
    this.#start ??= start;
    if (start !== this.#start) this.wrong.push(`the stretch begins at ${String(start)}, not ${String(this.#start)}`);
    const block = this.#parts.truth.known.get(hash);
    if (block?.number !== number) {
      this.wrong.push(`the checkpoint names block ${String(number)} ${hash}, which there never was`);
      return;
    }
    const from = this.#follow(block, start ?? 0);
    this.#compare(from);
    this.#checkRemembered();
  }

  /** Takes over the chain that ends with a block; returns the first block whose rows may have changed. */
  #follow(block: SimBlock, start: number): number {
    let at: SimBlock | undefined = block;
    while (at !== undefined && at.number >= start && this.#path.get(at.number) !== at) {
      this.#path.set(at.number, at);
      at = this.#parts.truth.known.get(at.parentHash);
    }
    if (block.number < this.#top) this.rollbacks++;
    for (let number = block.number + 1; number <= this.#top; number++) this.#path.delete(number);
    this.#top = block.number;
    return Math.min(at === undefined ? start : at.number + 1, block.number + 1);
  }

  #compare(from: number): void {
    const { store, expected } = this.#parts;
    const rows = (sql: string): string[] => store.ask(sql, [from]).map(textOf);
    const stored = [...rows(queries.events), ...rows(queries.undecoded)];
    const blocks = [...this.#path.values()];
    const wanted = blocks.filter((block) => block.number >= from).flatMap((block) => expected.of(block));
    this.#complain('missing', without(wanted, stored));
    this.#complain('too many', without(stored, wanted));
    const [{ rows: count } = { rows: 0 }] = store.ask(queries.count) as readonly { rows: number }[];
    const total = blocks.reduce((sum, block) => sum + expected.of(block).length, 0);
    if (count !== total) this.wrong.push(`${count} rows are stored up to block ${this.#top}, not ${total}`);
  }

  #complain(what: string, rows: readonly string[]): void {
    if (rows.length > 0) this.wrong.push(`${what} up to block ${this.#top}: ${rows.slice(0, 3).join(' | ')}`);
  }

  #checkRemembered(): void {
    for (const { block_number: number, hash } of this.#parts.store.ask(queries.recent)) {
      const held = this.#path.get(number as number);
      if (held !== undefined && held.hash !== hash) this.wrong.push(`block ${String(number)} is remembered wrongly`);
    }
  }

  #stand(): Stand | null {
    const [row] = this.#parts.store.ask(queries.checkpoint) as readonly (Row & Record<string, unknown>)[];
    if (row === undefined) return null;
    return {
      version: row['version'] as number,
      start: row['start_block'] as number | null,
      block: row['block_number'] as number | null,
      hash: String(row['hash']),
    };
  }
}

/** Returns the items of one list that are not in the other, each as often as it is too many. */
function without(items: readonly string[], others: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const other of others) counts.set(other, (counts.get(other) ?? 0) + 1);
  return items.filter((item) => {
    const left = counts.get(item) ?? 0;
    counts.set(item, left - 1);
    return left <= 0;
  });
}
