import type { Knex } from 'knex';
import type { Database, Query } from '../database.js';
import type { StepResult } from '../script.js';

/** What a commit did to a pipeline's rows. */
export type ChangeKind = 'append' | 'rollback' | 'replace' | 'repair';

/** A change of a pipeline's rows, as the table `pipeline_commit` has it. */
export interface Change {
  readonly pipelineId: number;
  readonly kind: ChangeKind;
  /** Only rows of these blocks came, or went. */
  readonly fromBlock: number;
  readonly toBlock: number;
}

/** Narrows a query on `event` or `undecoded_log` to some of a pipeline's rows. */
export type NarrowRows = (rows: Knex.QueryBuilder) => Knex.QueryBuilder;

/** What a row of `event` holds but for when it was added. */
const eventColumns = [
  'pipeline_id',
  'block_number',
  'log_index',
  'transaction_hash',
  'chain_id',
  'block_hash',
  'block_timestamp',
  'transaction_index',
  'contract_address',
  'event_name',
  'event_signature',
  'args',
] as const;

/** Returns the step that notes a change, behind the one in which the checkpoint took its version. */
export function noteChange({ knex }: Database, { pipelineId, kind, fromBlock, toBlock }: Change): Query {
  return knex('pipeline_commit').insert({
    pipeline_id: pipelineId,
    version: versionOf(knex, pipelineId),
    kind,
    from_block: fromBlock,
    to_block: toBlock,
  });
}

/** The version that the commit has which a step belongs to, once the checkpoint has taken it. */
export function versionOf(knex: Knex, pipelineId: number): Knex.QueryBuilder {
  return knex('pipeline_checkpoint').select('version').where({ pipeline_id: pipelineId });
}

/** How many steps `takeAwayRows` returns. */
const stepsOfRows = 3;

/** Returns the steps that take away rows of events and of logs that could not be decoded. */
export function takeAwayRows(database: Database, pipelineId: number, which: NarrowRows): readonly Query[] {
  return [...takeAwayEvents(database, pipelineId, which), deleteRows(database, 'undecoded_log', pipelineId, which)];
}

/** How many rows were taken back. */
export interface TakenBack {
  readonly events: number;
  readonly undecoded: number;
}

/** Returns how many rows the steps of one or more `takeAwayRows` have taken back. */
export function countTakenBack(results: readonly StepResult[]): TakenBack {
  const taken = { events: 0, undecoded: 0 };
  for (let at = 0; at < results.length; at += stepsOfRows) {
    taken.events += results[at + 1]?.matched ?? 0;
    taken.undecoded += results[at + 2]?.matched ?? 0;
  }
  return taken;
}

/** Returns the steps that take away rows of events: the first keeps them where the pipeline has sinks, the second deletes them. */
export function takeAwayEvents(database: Database, pipelineId: number, which: NarrowRows): readonly Query[] {
  return [keepRemoved(database, pipelineId, which), deleteRows(database, 'event', pipelineId, which)];
}

/** Returns the step that keeps what goes in `event_removed`, where the pipeline has sinks: before it is deleted. */
function keepRemoved({ knex }: Database, pipelineId: number, which: NarrowRows): Query {
  const kept = [...eventColumns, 'added'] as const;
  const isKept = knex('pipeline_checkpoint').select('pipeline_id').where({ pipeline_id: pipelineId, keeps_removed: 1 });
  const rows = which(knex('event').where({ pipeline_id: pipelineId }))
    .whereExists(isKept)
    .select([...kept, versionOf(knex, pipelineId).as('removed')]);
  const columns = [...kept, 'removed'];
  const target = knex.raw(`?? (${columns.map(() => '??').join(', ')})`, ['event_removed', ...columns]);
  return knex(target).insert(rows);
}

/** Returns the step that deletes rows of one table. */
export function deleteRows({ knex }: Database, table: string, pipelineId: number, which: NarrowRows): Query {
  return which(knex(table).where({ pipeline_id: pipelineId })).delete();
}
