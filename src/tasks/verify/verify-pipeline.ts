import { checkChainId } from '../../chain/check-chain-id.js';
import { HeadReader } from '../../chain/blocks/head-reader.js';
import { CheckpointStore } from '../../database/events/checkpoint-store.js';
import type { Database } from '../../database/database.js';
import { compareStored } from '../../database/events/compare-stored.js';
import type { Comparison } from '../../database/events/compare-stored.js';
import { EventStore } from '../../database/events/event-store.js';
import { RepairStore } from '../../database/events/repair-store.js';
import { FenceError } from '../../database/script.js';
import type { BlockRange } from '../../model/block.js';
import { ChainReading } from './chain-reading.js';
import type { ChainReadingOptions, ReadBatch } from './chain-reading.js';
import type { Audit, AuditOpening } from '../../components/seam/component.js';
import { rangeToVerify } from './range-to-verify.js';
import { verifyChildren } from './verify-children.js';
import { VerifyReport } from './verify-report.js';

export interface VerifyOptions extends Omit<ChainReadingOptions, 'decoder'> {
  /** Makes what is judged by. */
  readonly audit: (opening: AuditOpening) => Promise<Audit>;
  readonly database: Database;
  readonly pipelineId: number;
  readonly chainId: number;
  /** Inclusive; the stretch that was read where left out. */
  readonly fromBlock?: number | undefined;
  readonly toBlock?: number | undefined;
  /** Put right what is wrong. */
  readonly repair: boolean;
  /** Called after each batch. */
  readonly onProgress: (report: VerifyReport) => void;
  readonly signal: AbortSignal;
}

/** How often a block is looked at because a run has moved the checkpoint in the meantime: quick chains do it often. */
const attempts = 30;

/**
 * Compares stored rows with the chain, block by block, and reports what is missing, too much, or different. Throws UsageError
 * where nothing of the range was read, ChainMismatchError where the node serves another chain.
 */
export async function verifyPipeline(options: VerifyOptions): Promise<VerifyReport> {
  const { database, pipelineId, chainId, reader, chain, logger, signal } = options;
  const checkpoint = await new CheckpointStore(database).find(pipelineId);
  const range = rangeToVerify(pipelineId, checkpoint, options, logger);
  checkChainId(await reader.chainId(signal), { defined: chainId, read: checkpoint?.chainId ?? null });
  const head = await new HeadReader(chain, 'latest', logger).read(signal);
  const settled = head?.settled ?? -1;
  const opening = {
    chain: reader,
    upTo: checkpoint?.blockNumber ?? range.to,
    settled,
    clock: options.clock,
    logger,
    signal,
  };
  const { decoder, children } = await options.audit(opening);
  const verification = new Verification({ ...options, decoder }, range, settled);
  const report = await verification.run();
  if (children !== null) await verifyChildren(options, children, report);
  return report;
}

type Auditing = Omit<VerifyOptions, 'audit'> & ChainReadingOptions;

/** One audit. */
class Verification {
  readonly #options: Auditing;
  readonly #reading: ChainReading;
  readonly #checkpoints: CheckpointStore;
  readonly #events: EventStore;
  readonly #repairs: RepairStore;
  readonly #report: VerifyReport;
  /** Blocks above may yet be replaced. */
  readonly #settled: number;

  constructor(options: Auditing, range: BlockRange, settled: number) {
    this.#options = options;
    this.#reading = new ChainReading(options);
    this.#checkpoints = new CheckpointStore(options.database);
    this.#events = new EventStore(options.database);
    this.#repairs = new RepairStore(options.database);
    this.#report = new VerifyReport(range);
    this.#settled = settled;
  }

  async run(): Promise<VerifyReport> {
    const { onProgress, signal } = this.#options;
    for await (const { batch, proof } of this.#reading.read(this.#report.range, signal)) {
      const range = { from: batch.fromBlock, to: batch.toBlock };
      const comparison = await compareStored(this.#events, this.#options, range, batch);
      this.#report.countCompared(range, comparison);
      if (proof === 'receipts_root') this.#report.provenBlocks += 1;
      for (const block of blocksOf(comparison)) await this.#settle(block);
      onProgress(this.#report);
      signal.throwIfAborted();
    }
    await this.#checkCheckpoint();
    return this.#report;
  }

  /** Looks at a block again, with all that can be known of it, before it is reported or put right. */
  async #settle(block: number): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const version = await this.#versionAbove(block);
      // It was taken back since.
      if (version === null) return;
      const read = await this.#reading.readSurely(block, this.#options.signal);
      const comparison = await compareStored(this.#events, this.#options, { from: block, to: block }, read.batch);
      const isLast = attempt >= attempts;
      if (comparison.findings.length === 0 || (await this.#conclude(comparison, read, version, isLast))) return;
    }
  }

  /** Returns false where a run has moved on meanwhile, so that the block must be looked at again. */
  async #conclude(comparison: Comparison, read: ReadBatch, version: number, isLast: boolean): Promise<boolean> {
    const { proof } = read;
    const block = read.batch.toBlock;
    const isRepaired = this.#options.repair && proof !== null && (await this.#repair(block, comparison, version));
    const isMoving = !isRepaired && (this.#options.repair ? proof !== null : await this.#hasMoved(block, version));
    if (isMoving && !isLast) return false;
    this.#report.add(comparison.findings, isRepaired ? 'repaired' : proof === null ? 'doubtful' : 'found', proof);
    return true;
  }

  /** Returns false where the block is not below the checkpoint, or not as it was read, any more. */
  async #repair(block: number, { change }: Comparison, version: number): Promise<boolean> {
    const { pipelineId, chainId } = this.#options;
    try {
      const isSettled = block <= this.#settled;
      await this.#repairs.replace({ pipelineId, chainId, block, change, version, isSettled });
      return true;
    } catch (error) {
      if (error instanceof FenceError) return false;
      throw error;
    }
  }

  async #hasMoved(block: number, version: number): Promise<boolean> {
    return block > this.#settled && (await this.#versionAbove(block)) !== version;
  }

  /** Returns the checkpoint's version; null where it is below a block. */
  async #versionAbove(block: number): Promise<number | null> {
    const checkpoint = await this.#checkpoints.find(this.#options.pipelineId);
    return (checkpoint?.blockNumber ?? -1) < block ? null : (checkpoint?.version ?? null);
  }

  async #checkCheckpoint(): Promise<void> {
    const { pipelineId, reader, signal } = this.#options;
    const checkpoint = await this.#checkpoints.find(pipelineId);
    if (checkpoint?.blockNumber !== this.#report.range.to || checkpoint.blockHash === null) return;
    const header = await reader.header(checkpoint.blockNumber, signal);
    this.#report.checkpointReplaced = header !== null && header.hash !== checkpoint.blockHash;
  }
}

function blocksOf({ findings }: Comparison): readonly number[] {
  return [...new Set(findings.map((finding) => finding.blockNumber))].sort((a, b) => a - b);
}
