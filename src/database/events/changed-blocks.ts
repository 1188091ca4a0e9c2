import type { BlockRange } from '../../model/block.js';
import type { Database } from '../database.js';
import type { ChangeKind } from './journal.js';

/** Versions of a pipeline's rows: those after `from`, up to `to`. */
export interface Versions {
  readonly from: number;
  readonly to: number;
}

/** How many commits are read at once. */
const pageRows = 5_000;
/** How many stretches are told apart; of more only the first and the last block. */
const mostRanges = 1_000;

/** Where no commit says which blocks it was about. */
const everything: readonly BlockRange[] = [{ from: 0, to: Number.MAX_SAFE_INTEGER }];

interface CommitRow {
  readonly version: number;
  readonly kind: ChangeKind;
  readonly from_block: number;
  readonly to_block: number;
}

/**
 * Returns the blocks of which some versions brought rows, ascending, in stretches that don't touch: from the journal, or all
 * blocks where it has forgotten one of the versions.
 */
export async function changedBlocks(
  database: Database,
  pipelineId: number,
  { from, to }: Versions,
): Promise<readonly BlockRange[]> {
  let ranges: readonly BlockRange[] = [];
  for (let last = from; ;) {
    const rows = await database.read<CommitRow[]>((knex) =>
      knex('pipeline_commit')
        .select('version', 'kind', 'from_block', 'to_block')
        .where({ pipeline_id: pipelineId })
        .whereBetween('version', [last + 1, to])
        .orderBy('version')
        .limit(pageRows),
    );
    const brought = rows.filter(({ kind }) => kind !== 'rollback');
    ranges = merged([...ranges, ...brought.map((row) => ({ from: row.from_block, to: row.to_block }))]);
    last = rows.at(-1)?.version ?? to;
    if (rows.length < pageRows) break;
  }
  return (await isKept(database, pipelineId, from + 1)) ? ranges : everything;
}

/**
 * Says whether the journal still has the commit of a version, and so all behind it. The oldest are forgotten first, perhaps while
 * others are read; where a shard has joined, versions leap.
 */
export async function isKept(database: Database, pipelineId: number, version: number): Promise<boolean> {
  const rows = await database.read<object[]>((knex) =>
    knex('pipeline_commit').select('version').where({ pipeline_id: pipelineId, version }),
  );
  return rows.length > 0;
}

function merged(ranges: readonly BlockRange[]): readonly BlockRange[] {
  const stretches: { from: number; to: number }[] = [];
  for (const { from, to } of [...ranges].sort((a, b) => a.from - b.from)) {
    const last = stretches.at(-1);
    if (last === undefined || from > last.to + 1) stretches.push({ from, to });
    else last.to = Math.max(last.to, to);
  }
  const [first, last] = [stretches[0], stretches.at(-1)];
  if (first === undefined || last === undefined || stretches.length <= mostRanges) return stretches;
  return [{ from: first.from, to: last.to }];
}
