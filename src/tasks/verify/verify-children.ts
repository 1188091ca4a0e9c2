import type { Database } from '../../database/database.js';
import { ChildStore } from '../../database/events/child-store.js';
import { CheckpointStore } from '../../database/events/checkpoint-store.js';
import { RepairStore } from '../../database/events/repair-store.js';
import { FenceError } from '../../database/script.js';
import type { FactoryChild, ToldChildren } from '../../model/factory-child.js';
import type { Checkpoint } from '../../model/checkpoint.js';
import type { Logger } from '../../runtime/logger.js';
import { childKey } from './unsure-children.js';
import type { VerifyReport } from './verify-report.js';

interface ChildrenVerification {
  readonly database: Database;
  readonly pipelineId: number;
  readonly chainId: number;
  readonly repair: boolean;
  /** Blocks above may yet be replaced. */
  readonly settled: number;
  readonly logger: Logger;
}

/** How often the children are compared again because a run has committed in between. */
const attempts = 30;

/**
 * Compares the stored children of a factory with those that the chain tells up to a block, and puts them right where that is
 * asked for: a run then reads what is missing of them. What was announced in blocks that may yet be replaced is compared only where
 * the run has read the very blocks of which the chain told.
 */
export async function verifyChildren(
  { database, pipelineId, chainId, repair, settled, logger }: ChildrenVerification,
  told: ToldChildren,
  report: VerifyReport,
): Promise<void> {
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const checkpoints = new CheckpointStore(database);
    const checkpoint = await checkpoints.find(pipelineId);
    const isSame = checkpoint !== null && (await hasRead(checkpoints, checkpoint, told));
    const stored = await new ChildStore(database).find(pipelineId);
    if (checkpoint === null || stored === null || stored.definition !== told.definition) return;
    const common = isSame ? told.knownTo : Math.min(told.knownTo, settled);
    const upTo = Math.min(common, checkpoint.blockNumber ?? -1, stored.knownTo);
    const missing = without(told.children, stored.children, upTo);
    const extra = without(stored.children, told.children, upTo);
    report.wrongChildren = missing.length + extra.length;
    if (report.wrongChildren === 0) return;
    if (attempt === 1) tell(missing, extra, logger);
    if (!repair) return;
    const earlier = { from: checkpoint.startBlock ?? 0, to: checkpoint.blockNumber ?? -1 };
    try {
      const change = { known: stored, missing: missing.map((child) => ({ ...child, earlier })), extra };
      await new RepairStore(database).replaceChildren({ pipelineId, chainId, version: checkpoint.version, ...change });
      report.wrongChildren = 0;
      return;
    } catch (error) {
      if (!(error instanceof FenceError)) throw error;
    }
  }
}

/** Says whether a run remembers the last block of which the chain told. */
async function hasRead(store: CheckpointStore, checkpoint: Checkpoint, told: ToldChildren): Promise<boolean> {
  if (checkpoint.blockNumber === told.knownTo) return checkpoint.blockHash === told.hash;
  const remembered = await store.recentBlocks(checkpoint.pipelineId);
  return remembered.some(({ number, hash }) => number === told.knownTo && hash === told.hash);
}

function without(
  children: readonly FactoryChild[],
  others: readonly FactoryChild[],
  upTo: number,
): readonly FactoryChild[] {
  const known = new Set(others.map(childKey));
  return children.filter((child) => child.since <= upTo && !known.has(childKey(child)));
}

function tell(missing: readonly FactoryChild[], extra: readonly FactoryChild[], logger: Logger): void {
  const some = [...missing, ...extra].slice(0, 3).map(({ address }) => address);
  const message = `of the contracts that the factory has announced ${missing.length} are not known, and ${extra.length} are known that it has not: ${some.join(', ')}`;
  logger.log('warn', message, { event: 'verify.children', missing: missing.length, extra: extra.length });
}
