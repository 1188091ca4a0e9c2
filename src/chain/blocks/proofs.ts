import type { BlockHeader } from '../../model/block.js';
import type { RawLog } from '../../model/event.js';
import { logsBloomOf } from './bloom.js';
import { givesItsHash } from './header-hash.js';

/**
 * Chains whose headers' bloom filters are known to cover every log that their nodes give: ethereum, optimism, bsc, gnosis,
 * base, their test networks and local nodes. On others some logs stand in no filter, such as those of Polygon's state syncs.
 */
const coveredChains: ReadonlySet<number> = new Set([
  1, 10, 56, 97, 100, 8_453, 17_000, 84_532, 560_048, 11_155_111, 11_155_420, 1_337, 31_337,
]);
/** Polygon and its test network: state syncs have logs, and stand in no receipt that goes into the root. */
const otherLogs: ReadonlySet<number> = new Set([137, 80_002]);

/** All that the receipts of a block tell. */
export interface BlockReceipts {
  /** The name of the endpoint that gave them. */
  readonly endpoint: string;
  /** The root that they give; null where they lack what goes into it. */
  readonly root: string | null;
  readonly count: number;
  readonly logs: readonly RawLog[];
}

/**
 * What an answer is worth: `proven`, `late` (the node is not done with the block), `false` (it contradicts the header), or
 * `unproven`: on this chain it can't be told.
 */
export type ProofVerdict = 'proven' | 'late' | 'false' | 'unproven';

/**
 * What proves answers of one chain. Some chains make hashes, roots or bloom filters in ways of their own: what has never come
 * out right there proves nothing and contradicts nothing; what has must come out right from then on.
 */
export class Proofs {
  /** True where receipts hold every log that nodes give, and headers cover them. */
  readonly #isCovered: boolean;
  /** True where nodes also give logs that stand in no receipt. */
  readonly #hasOthers: boolean;
  /** Whether a header has given its hash so far, and receipts their root. */
  #hashes = false;
  #roots = false;

  constructor(chainId: number | undefined) {
    this.#isCovered = chainId !== undefined && coveredChains.has(chainId);
    this.#hasOthers = chainId !== undefined && otherLogs.has(chainId);
  }

  /** False where receipts can't prove anything, and lack logs by right. */
  get useReceipts(): boolean {
    return !this.#hasOthers;
  }

  /** Says whether a header is proven to be the block's, by its hash. */
  isProven(header: BlockHeader): boolean {
    const is = givesItsHash(header);
    this.#hashes ||= is;
    return is;
  }

  /** Says whether a header is contradicted: others of this chain give their hashes. */
  isFalse(header: BlockHeader): boolean {
    return !this.isProven(header) && this.#hashes;
  }

  /** Judges receipts by the header of their block, which they must name: by their root, else by their count and bloom filter. */
  ofReceipts({ root, count, logs }: BlockReceipts, header: BlockHeader): ProofVerdict {
    if (logs.some(({ blockHash }) => blockHash !== header.hash)) return 'false';
    const isRoot = root !== null && root === header.receiptsRoot;
    if (isRoot && count > 0) {
      this.#roots = true;
      return 'proven';
    }
    if (count === 0 && header.receiptsRoot !== undefined) return isRoot ? this.#ofNone(header) : 'late';
    if (this.#isCovered && (this.#roots || this.isProven(header))) return 'false';
    // A root that is made in another way may as well be another root.
    return header.receiptsRoot === undefined && this.areWhole(logs, header) ? 'proven' : 'unproven';
  }

  /** Judges that a block has no receipts: anybody knows their root, and on some chains every header bears it. */
  #ofNone(header: BlockHeader): ProofVerdict {
    if (this.isFalse(header)) return 'late';
    const bits = header.logsBloom?.slice(2) ?? '';
    if (!/[^0]/.test(bits)) return 'proven';
    // A filter of ones is that of a chain that does not compute any.
    return /[^f]/.test(bits) ? 'late' : 'unproven';
  }

  /** Says whether logs are all of a block: they are numbered without a gap, and give the bloom filter of its header. */
  areWhole(logs: readonly RawLog[], header: BlockHeader): boolean {
    const { logsBloom } = header;
    if (logsBloom === undefined || !this.#isCovered || this.isFalse(header) || !areNumbered(logs)) return false;
    // A filter of zeros is also that of a node that does not compute any.
    if (logs.length === 0 && !this.isProven(header)) return false;
    return logsBloom === logsBloomOf(logs);
  }

  /** Says whether a header may be believed that its block holds no log of which its bloom filter does not tell. */
  mayExclude(header: BlockHeader): boolean {
    if (!this.#isCovered) return false;
    const { logsBloom = '' } = header;
    // A filter of zeros is that of a block without logs, or of a node that does not compute any.
    if (!/[^0]/.test(logsBloom.slice(2))) return this.isProven(header);
    return /[^f]/.test(logsBloom.slice(2)) && !this.isFalse(header);
  }
}

/** Says whether logs may be all of a block: they are numbered without a gap. Some chains number those of each transaction anew. */
export function areNumbered(logs: readonly RawLog[]): boolean {
  const indexes = [...new Set(logs.map(({ logIndex }) => logIndex))].sort((a, b) => a - b);
  return indexes.every((logIndex, place) => logIndex === place);
}
