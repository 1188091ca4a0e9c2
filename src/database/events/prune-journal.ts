import type { Database } from '../database.js';

/** How many commits stay in the journal though nobody needs them: a repair looks into it, and so does whoever wonders. */
export const keptCommits = 1_000;

/** Rows that one statement deletes, about: few enough that a commit hardly waits for it. */
const batchRows = 1_000;

export interface PruneOptions {
  /** How many statements may be sent for each table. */
  readonly batches?: number;
}

interface JournalRow {
  readonly version: number;
  readonly keeps_removed: number;
}

/**
 * Forgets commits of a pipeline's journal, and removed events, that no sink needs any more; of one without sinks the latest
 * 1,000 commits stay. Waits for no lock where somebody would wait for it: what can't go now goes next time. Returns false
 * where there may be more.
 */
export async function pruneJournal(
  database: Database,
  pipelineId: number,
  { batches = 10 }: PruneOptions = {},
): Promise<boolean> {
  const [checkpoint] = await database.read<JournalRow[]>((knex) =>
    knex('pipeline_checkpoint').select('version', 'keeps_removed').where({ pipeline_id: pipelineId }),
  );
  if (checkpoint === undefined) return true;
  const delivered = checkpoint.keeps_removed === 1 ? await deliveredVersion(database, pipelineId) : Infinity;
  const unneeded = Math.min(checkpoint.version - keptCommits, delivered);
  if (!(await inBatches(batches, () => pruneCommits(database, pipelineId, unneeded)))) return false;
  // The journal tells how far back it reaches: what went must not be forgotten before that it went.
  const removed = Math.min(unneeded, (await oldestCommit(database, pipelineId)) - 1);
  return inBatches(batches, () => pruneRemoved(database, pipelineId, removed));
}

async function inBatches(batches: number, prune: () => Promise<boolean>): Promise<boolean> {
  let left = batches;
  while (left > 0 && (await prune())) left--;
  return left > 0;
}

async function oldestCommit(database: Database, pipelineId: number): Promise<number> {
  const [row] = await database.read<{ oldest: number | null }[]>((knex) =>
    knex('pipeline_commit').where({ pipeline_id: pipelineId }).min({ oldest: 'version' }),
  );
  return row?.oldest ?? Infinity;
}

/** Returns the version up to which every sink has what it needs; 0 where of none of them it is known. */
async function deliveredVersion(database: Database, pipelineId: number): Promise<number> {
  const [row] = await database.read<{ least: number | null }[]>((knex) =>
    knex('pipeline_sink').where({ pipeline_id: pipelineId }).min({ least: 'needs_version' }),
  );
  return row?.least ?? 0;
}

/** Returns whether something went, and more may. */
async function pruneCommits(database: Database, pipelineId: number, upTo: number): Promise<boolean> {
  const oldest = await oldestCommit(database, pipelineId);
  if (oldest > upTo) return false;
  const bound = Math.min(upTo, oldest + batchRows - 1);
  return database.writeAside((knex) =>
    knex('pipeline_commit').where({ pipeline_id: pipelineId }).where('version', '<=', bound).delete(),
  );
}

/** As `pruneCommits`; a block's rows go together. */
async function pruneRemoved(database: Database, pipelineId: number, upTo: number): Promise<boolean> {
  const order = ['removed', 'block_number'] as const;
  const rows = await database.read<{ removed: number; block_number: number }[]>((knex) =>
    knex('event_removed')
      .select(...order)
      .where({ pipeline_id: pipelineId })
      .where('removed', '<=', upTo)
      .orderBy([...order])
      .limit(batchRows),
  );
  const last = rows.at(-1);
  if (last === undefined) return false;
  return database.writeAside((knex) =>
    knex('event_removed')
      .where({ pipeline_id: pipelineId })
      .where('removed', '<=', last.removed)
      .where((row) => {
        void row.where('removed', '<', last.removed).orWhere('block_number', '<=', last.block_number);
      })
      .delete(),
  );
}
