import type { Proof } from '../../chain/logs/sure-blocks.js';
import type { BlockRange } from '../../model/block.js';
import type { Finding } from '../../database/events/finding.js';
import type { Comparison } from '../../database/events/compare-stored.js';

/** What became of a finding; `doubtful`: the endpoints do not agree on what is right. */
export type FindingState = 'found' | 'repaired' | 'doubtful';

export interface ReportedFinding extends Finding {
  readonly state: FindingState;
  /** Why what the chain says is believed; null where it is doubtful. */
  readonly proof: Proof | null;
}

/** How many findings are kept one by one; more are only counted. */
const mostListed = 1_000;

/** What an audit of stored rows found. */
export class VerifyReport {
  readonly range: BlockRange;
  /** The first findings, in the order of the chain. */
  readonly findings: ReportedFinding[] = [];
  readonly counts = { missing: 0, extra: 0, different: 0, repaired: 0, doubtful: 0 };
  blocks = 0;
  /** Blocks whose logs their receipts root proves. */
  provenBlocks = 0;
  /** Blocks of which no endpoint gives logs, nor receipts, though their bloom filters tell of some. */
  doubtfulBlocks = 0;
  /** Blocks with findings of which the endpoints have others than the run has read: no repair mixes the two. */
  replacedBlocks = 0;
  /** The rows of those that were found wrong, and are not doubtful. */
  replacedRows = 0;
  events = 0;
  undecoded = 0;
  /** True where the checkpoint itself is of a block that the chain has replaced. */
  checkpointReplaced = false;
  /** Children of a factory that are stored and are none, or the other way round, and were not put right. */
  wrongChildren = 0;

  constructor(range: BlockRange) {
    this.range = range;
  }

  /** Says whether everything is right, or has been put right. */
  get isRight(): boolean {
    return !this.checkpointReplaced && this.wrongChildren === 0 && this.total === this.counts.repaired;
  }

  /** How many rows were found wrong. */
  get total(): number {
    return this.counts.missing + this.counts.extra + this.counts.different;
  }

  countCompared({ from, to }: BlockRange, { events, undecoded }: Comparison): void {
    this.blocks += to - from + 1;
    this.events += events;
    this.undecoded += undecoded;
  }

  countReplaced(findings: readonly Finding[]): void {
    this.replacedBlocks += 1;
    this.replacedRows += findings.length;
  }

  add(findings: readonly Finding[], state: FindingState, proof: Proof | null): void {
    for (const finding of findings) {
      this.counts[finding.kind] += 1;
      if (state !== 'found') this.counts[state] += 1;
      if (this.findings.length < mostListed) this.findings.push({ ...finding, state, proof });
    }
  }
}
