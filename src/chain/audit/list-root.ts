import { keccak_256 } from 'js-sha3';
import { encodeRlp, rlpNumber } from './rlp.js';
import type { Rlp } from './rlp.js';

/** An item of a list, and the nibbles of the key under which the trie holds it. */
interface Entry {
  readonly path: readonly number[];
  readonly value: Buffer;
}

const empty = Buffer.alloc(0);

/**
 * Returns the root of the Merkle Patricia trie that holds a list, each item under the RLP of its index, as blocks hold their
 * receipts (Yellow Paper, appendix D), as 0x-hex. No key is the beginning of another, so that branches hold no values.
 */
export function listRoot(items: readonly Buffer[]): string {
  const entries = items.map((value, index) => ({ path: nibblesOf(encodeRlp(rlpNumber(index))), value }));
  return `0x${keccak_256(entries.length === 0 ? encodeRlp(empty) : encodeRlp(nodeOf(entries, 0)))}`;
}

function nodeOf(entries: readonly Entry[], depth: number): Rlp {
  const [first, ...others] = entries as [Entry, ...Entry[]];
  if (others.length === 0) return [packPath(first.path.slice(depth), true), first.value];
  let shared = depth;
  while (others.every(({ path }) => path[shared] === first.path[shared])) shared++;
  if (shared > depth) return [packPath(first.path.slice(depth, shared), false), referenceTo(entries, shared)];
  const children = Array.from({ length: 16 }, (_item, nibble) => {
    const below = entries.filter(({ path }) => path[depth] === nibble);
    return below.length === 0 ? empty : referenceTo(below, depth + 1);
  });
  return [...children, empty];
}

/** A node that is shorter than a hash stands there itself. */
function referenceTo(entries: readonly Entry[], depth: number): Rlp {
  const node = nodeOf(entries, depth);
  const encoded = encodeRlp(node);
  return encoded.length < 32 ? node : Buffer.from(keccak_256.arrayBuffer(encoded));
}

function nibblesOf(bytes: Buffer): number[] {
  return [...bytes].flatMap((byte) => [byte >> 4, byte & 15]);
}

/** Nibbles as bytes, behind one or two that say whether they are odd, and whether a value follows. */
function packPath(nibbles: readonly number[], isLeaf: boolean): Buffer {
  const flag = (isLeaf ? 2 : 0) + (nibbles.length % 2);
  const padded = nibbles.length % 2 === 0 ? [flag, 0, ...nibbles] : [flag, ...nibbles];
  return Buffer.from(padded.map((nibble) => nibble.toString(16)).join(''), 'hex');
}
