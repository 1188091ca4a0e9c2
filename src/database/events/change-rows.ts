import type { Knex } from 'knex';
import type { Database, Query } from '../database.js';
import type { BlockChange } from './compare-stored.js';
import { beyond, toPosition } from './event-key.js';
import type { Position } from './event-key.js';
import { deleteRows, takeAwayEvents } from './journal.js';
import type { NarrowRows } from './journal.js';
import type { RowStretch } from './row-comparison.js';

/** Returns the steps that take away what goes of a pipeline's rows; events are kept first where it has sinks. */
export function takeAway(database: Database, pipelineId: number, { events, undecoded }: BlockChange): readonly Query[] {
  return [
    ...events.goes.flatMap((stretch) => takeAwayEvents(database, pipelineId, within(stretch))),
    ...undecoded.goes.map((stretch) => deleteRows(database, 'undecoded_log', pipelineId, within(stretch))),
  ];
}

/** Narrows to the rows of a stretch: to none that lies beyond its first row, or its last one. */
function within({ first, last }: RowStretch): NarrowRows {
  const [from, to] = [toPosition(first), toPosition(last)];
  if (first === last) return (rows) => rows.where(from);
  return (rows) => notBeyond(notBeyond(rows, from, '<'), to, '>');
}

function notBeyond(rows: Knex.QueryBuilder, position: Position, than: '<' | '>'): Knex.QueryBuilder {
  // The bound on the block alone is what servers seek by.
  const bounded = rows.where('block_number', than === '<' ? '>=' : '<=', position.block_number);
  return bounded.whereNot((row) => void beyond(row, position, than));
}
