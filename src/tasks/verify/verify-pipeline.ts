import { checkChainId } from '../../chain/check-chain-id.js';
import { HeadReader } from '../../chain/blocks/head-reader.js';
import { ChildStore } from '../../database/events/child-store.js';
import { CheckpointStore } from '../../database/events/checkpoint-store.js';
import type { Database } from '../../database/database.js';
import { compareStored, type Comparison } from '../../database/events/compare-stored.js';
import { EventStore } from '../../database/events/event-store.js';
import { RepairStore, type BlockLook, type Repair } from '../../database/events/repair-store.js';
import { FenceError } from '../../database/script.js';
import type { EventBatch } from '../../model/batch.js';
import type { BlockRange } from '../../model/block.js';
import { ChainReading, type ChainReadingOptions } from './chain-reading.js';
import type { Audit, AuditOpening } from '../../components/seam/component.js';
import { UnsureChildren } from './unsure-children.js';
import { verifyChildren } from './verify-children.js';
import { VerifyReport } from './verify-report.js';
import type { Checkpoint } from '../../model/checkpoint.js';
import { UsageError } from '../../runtime/errors.js';
import type { Logger } from '../../runtime/logger.js';

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

/** How often a block is looked at because a run may have changed its rows in the meantime: quick chains do it often. */
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
  const upTo = checkpoint?.blockNumber ?? range.to;
  const opening = { upTo, settled, clock: options.clock, logger, signal };
  const { decoder, children } = await reader.through((client) => options.audit({ ...opening, chain: client }));
  const unsure = children === null ? null : new UnsureChildren(new ChildStore(database), pipelineId, children, settled);
  const verification = new Verification({ ...options, decoder, unsure }, range, settled);
  const report = await verification.run();
  if (children !== null) await verifyChildren({ ...options, settled }, children, report);
  return report;
}

interface Auditing extends Omit<VerifyOptions, 'audit'>, ChainReadingOptions {
  /** Whose rows are not judged; null: there are none. */
  readonly unsure: UnsureChildren | null;
}

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
      const comparison = await this.#compare(range, batch);
      this.#report.countCompared(range, comparison);
      if (proof === 'receipts_root') this.#report.provenBlocks += 1;
      for (const block of blocksOf(comparison)) await this.#settle(block);
      this.#report.doubtfulBlocks = this.#reading.doubtfulBlocks;
      onProgress(this.#report);
      signal.throwIfAborted();
    }
    await this.#checkCheckpoint();
    return this.#report;
  }

  /** Looks at a block again, with all that can be known of it, before it is reported or put right. */
  async #settle(block: number): Promise<void> {
    const { pipelineId, chainId, repair, signal } = this.#options;
    for (let attempt = 1; ; attempt++) {
      const version = await this.#versionAbove(block);
      // It was taken back since.
      if (version === null) return;
      const { batch, proof } = await this.#reading.readSurely(block, signal);
      const comparison = await this.#compare({ from: block, to: block }, batch);
      if (comparison.findings.length === 0) return;
      const look = { pipelineId, chainId, block, hash: batch.toHash, version, isSettled: block <= this.#settled };
      const holds =
        repair && proof !== null
          ? await this.#repair({ ...look, change: comparison.change })
          : await this.#repairs.holds(look);
      const isAnother = !holds && (await this.#isAnother(look));
      // The block or its rows may have changed meanwhile.
      if (!holds && !isAnother && attempt < attempts) continue;
      const outcome = proof === null ? 'doubtful' : repair && holds ? 'repaired' : 'found';
      this.#report.add(comparison.findings, outcome, proof);
      if (isAnother) this.#report.countReplaced(outcome === 'found' ? comparison.findings : []);
      return;
    }
  }

  /** Who is not judged is looked up at each look: behind the version that it builds on, so that a commit since undoes the look. */
  async #compare(range: BlockRange, batch: EventBatch): Promise<Comparison> {
    const except = await this.#options.unsure?.addresses();
    return compareStored(this.#events, this.#options, range, batch, { except });
  }

  /** Returns false where the look at the block does not hold any more. */
  async #repair(repair: Repair): Promise<boolean> {
    try {
      await this.#repairs.replace(repair);
      return true;
    } catch (error) {
      if (error instanceof FenceError) return false;
      throw error;
    }
  }

  /** Says whether a block is another than the run has read, which has not gone on since: no look at it would hold. */
  async #isAnother(look: BlockLook): Promise<boolean> {
    return !(await this.#repairs.isRead(look)) && (await this.#versionAbove(look.block)) === look.version;
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
    const { blockNumber } = checkpoint;
    const header = await reader.through((client) => client.header(blockNumber, signal));
    this.#report.checkpointReplaced = header !== null && header.hash !== checkpoint.blockHash;
  }
}

function blocksOf({ findings }: Comparison): readonly number[] {
  return [...new Set(findings.map((finding) => finding.blockNumber))].sort((a, b) => a - b);
}

/** Returns the part of a range that a pipeline has read, and warns of the rest; throws UsageError where that is nothing. */
function rangeToVerify(
  pipelineId: number,
  checkpoint: Checkpoint | null,
  asked: { readonly fromBlock?: number | undefined; readonly toBlock?: number | undefined },
  logger: Logger,
): BlockRange {
  if (checkpoint === null || checkpoint.blockNumber === null) {
    throw new UsageError(`pipeline ${pipelineId} has not read any block yet`);
  }
  const { startBlock, blockNumber } = checkpoint;
  const [first, last] = [startBlock ?? 0, blockNumber];
  const range = { from: Math.max(asked.fromBlock ?? first, first), to: Math.min(asked.toBlock ?? last, last) };
  const what = `pipeline ${pipelineId} has been read from block ${first} to block ${last}`;
  if (range.from > range.to) {
    throw new UsageError(`${what}: there is nothing to verify`, {
      hint: 'give --from-block and --to-block within that',
    });
  }
  if ((asked.fromBlock ?? first) < first || (asked.toBlock ?? last) > last) {
    const message = `${what}: only blocks ${range.from} to ${range.to} are verified`;
    logger.log('warn', message, { event: 'verify.clipped', ...range });
  }
  return range;
}
