import type { Database } from '../database.js';

/**
 * The commits of so many versions back stay in the journal though nobody needs them: a repair looks into it, and so does whoever
 * wonders. They may be fewer, for versions leap where stretches join or the database was set back.
 */
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
 * Forgets commits of a pipeline's journal, and removed events, that no sink needs any more; those of the latest 1,000 versions
 * stay. With them goes what contracts answered at blocks that can't be replaced any more. Waits for no lock where somebody would
 * wait for it: what can't go now goes next time. Returns false where there may be more.
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
  if (!(await inBatches(batches, () => pruneRemoved(database, pipelineId, removed)))) return false;
  const block = checkpoint.keeps_removed === 1 ? await settledBlock(database, pipelineId) : Infinity;
  const repeatable = Math.min(block, (await leastBlockOfCommits(database, pipelineId)) - 1);
  return inBatches(batches, () => pruneCalls(database, pipelineId, repeatable));
}

async function inBatches(batches: number, prune: () => Promise<boolean>): Promise<boolean> {
  let left = batches;
  while (left > 0 && (await prune())) left--;
  return left > 0;
}

/** Returns the version of the oldest commit that a pipeline's journal still has; infinite where it has none. */
export function oldestCommit(database: Database, pipelineId: number): Promise<number> {
  return leastOf(database, pipelineId, 'pipeline_commit', 'version');
}

/** Returns the version up to which every sink has what it needs; 0 where of none of them it is known. */
async function deliveredVersion(database: Database, pipelineId: number): Promise<number> {
  const least = await leastOf(database, pipelineId, 'pipeline_sink', 'needs_version');
  return least === Infinity ? 0 : least;
}

/** Returns the block up to which all is final, and delivered by every sink; -1 where that is not known of one of them. */
async function settledBlock(database: Database, pipelineId: number): Promise<number> {
  const cursors = await database.read<(number | null)[]>((knex) =>
    knex('pipeline_sink').where({ pipeline_id: pipelineId }).pluck('cursor_block'),
  );
  // Only remembered blocks may still be replaced.
  const remembered = await leastOf(database, pipelineId, 'recent_block', 'block_number');
  return cursors.length === 0 ? -1 : Math.min(remembered - 1, ...cursors.map((block) => block ?? -1));
}

/** Returns the lowest block that a commit of the journal touched: what is told of it may have to be told again. */
function leastBlockOfCommits(database: Database, pipelineId: number): Promise<number> {
  return leastOf(database, pipelineId, 'pipeline_commit', 'from_block');
}

/** Returns the least value of a pipeline's rows; infinite where there are none. */
export async function leastOf(database: Database, pipelineId: number, table: string, column: string): Promise<number> {
  const [row] = await database.read<{ least: number | null }[]>((knex) =>
    knex(table).where({ pipeline_id: pipelineId }).min({ least: column }),
  );
  return row?.least ?? Infinity;
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

/** As `pruneCommits`: of calls that were made for an event; what never changes is no pipeline's, and stays. */
async function pruneCalls(database: Database, pipelineId: number, upTo: number): Promise<boolean> {
  const blocks = await database.read<number[]>((knex) =>
    knex('call_result')
      .where({ pipeline_id: pipelineId })
      .where('block_number', '<=', Math.min(upTo, Number.MAX_SAFE_INTEGER))
      .orderBy('block_number')
      .limit(batchRows)
      .pluck('block_number'),
  );
  const last = blocks.at(-1);
  if (last === undefined) return false;
  return database.writeAside((knex) =>
    knex('call_result').where({ pipeline_id: pipelineId }).where('block_number', '<=', last).delete(),
  );
}
