import type { Database } from '../database.js';

/** How many commits stay in the journal though nobody needs them: a repair looks into it, and so does whoever wonders. */
export const keptCommits = 1_000;

/** Rows that one statement deletes, about: few enough that a commit hardly waits for it. */
const batchRows = 1_000;

export interface PruneOptions {
  /** The version up to which every sink has delivered; null: of one at least it is not known, and nothing goes. */
  readonly delivered?: number | null;
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
  { delivered = null, batches = 10 }: PruneOptions = {},
): Promise<boolean> {
  const [checkpoint] = await database.read<JournalRow[]>((knex) =>
    knex('pipeline_checkpoint').select('version', 'keeps_removed').where({ pipeline_id: pipelineId }),
  );
  if (checkpoint === undefined) return true;
  const unneeded = Math.min(
    checkpoint.version - keptCommits,
    checkpoint.keeps_removed === 1 ? (delivered ?? 0) : Infinity,
  );
  for (const prune of [pruneCommits, pruneRemoved]) {
    let left = batches;
    while (left > 0 && (await prune(database, pipelineId, unneeded))) left--;
    if (left === 0) return false;
  }
  return true;
}

/** Returns whether something went, and more may. */
async function pruneCommits(database: Database, pipelineId: number, upTo: number): Promise<boolean> {
  const [row] = await database.read<{ oldest: number | null }[]>((knex) =>
    knex('pipeline_commit').where({ pipeline_id: pipelineId }).min({ oldest: 'version' }),
  );
  const oldest = row?.oldest ?? Infinity;
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
