import { keccak256, keccakHex } from '../abi/keccak.js';
import { RlpWriter } from './rlp-writer.js';

/** An item of a list, and the hex digits of the key under which the trie holds it. */
interface Entry {
  readonly path: string;
  readonly index: number;
}

/** Writes the item of an index. */
type WriteItem = (writer: RlpWriter, index: number) => void;

const hashLength = 32;
const nothing = Buffer.from([0x80]);

/**
 * Returns the root of the Merkle Patricia trie that holds a list, each item under the RLP of its index, as blocks hold their
 * receipts (Yellow Paper, appendix D), as 0x-hex. No key is the beginning of another, so that branches hold no values.
 */
export function listRoot(count: number, write: WriteItem): string {
  if (count === 0) return keccakHex(nothing);
  const entries = Array.from({ length: count }, (_item, index) => ({ path: pathOf(index), index }));
  entries.sort((a, b) => (a.path < b.path ? -1 : 1));
  const writer = new RlpWriter();
  new Trie(entries, writer, write).writeNode(0, count, 0);
  return keccakHex(writer.since(0));
}

/** The entries below a node stand together: `from` to `end`, and share so many digits. */
class Trie {
  readonly #entries: readonly Entry[];
  readonly #writer: RlpWriter;
  readonly #write: WriteItem;

  constructor(entries: readonly Entry[], writer: RlpWriter, write: WriteItem) {
    this.#entries = entries;
    this.#writer = writer;
    this.#write = write;
  }

  writeNode(from: number, end: number, depth: number): void {
    const { path, index } = this.#entry(from);
    const since = this.#writer.length;
    if (end - from === 1) {
      this.#write(this.#writer, index);
      this.#writer.bytes(since);
      this.#writer.hex(packed(path.slice(depth), '2'));
    } else {
      const last = this.#entry(end - 1).path;
      let shared = depth;
      while (path[shared] === last[shared]) shared++;
      if (shared > depth) {
        this.#writeReference(from, end, shared);
        this.#writer.hex(packed(path.slice(depth, shared), '0'));
      } else this.#writeBranch(from, end, depth);
    }
    this.#writer.list(since);
  }

  #writeBranch(from: number, end: number, depth: number): void {
    this.#writer.raw(nothing);
    let last = end;
    for (let digit = 15; digit >= 0; digit--) {
      let first = last;
      while (first > from && Number.parseInt(this.#entry(first - 1).path[depth] ?? '', 16) === digit) first--;
      if (first === last) this.#writer.raw(nothing);
      else this.#writeReference(first, last, depth + 1);
      last = first;
    }
  }

  /** A node that is shorter than a hash stands there itself. */
  #writeReference(from: number, end: number, depth: number): void {
    const since = this.#writer.length;
    this.writeNode(from, end, depth);
    const node = this.#writer.since(since);
    if (node.length < hashLength) return;
    const hash = keccak256(node);
    this.#writer.drop(since);
    this.#writer.raw(hash);
    this.#writer.bytes(since);
  }

  #entry(at: number): Entry {
    return this.#entries[at] as Entry;
  }
}

/** The digits of the RLP of an index. */
function pathOf(index: number): string {
  if (index === 0) return '80';
  const digits = index.toString(16);
  const bytes = digits.length % 2 === 0 ? digits : `0${digits}`;
  return index < 0x80 ? bytes : (0x80 + bytes.length / 2).toString(16) + bytes;
}

/** Digits as bytes, behind one or two that say whether they are odd, and, as a 2, that a value follows. */
function packed(digits: string, flag: '0' | '2'): string {
  return digits.length % 2 === 0 ? `0x${flag}0${digits}` : `0x${flag === '2' ? 3 : 1}${digits}`;
}
