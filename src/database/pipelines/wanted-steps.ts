import type { Knex } from 'knex';
import type { Database, Query } from '../database.js';

const table = 'pipeline_wanted';

/** What a start by a person, or anything else that mends, sets back. */
export const nothingWrong = { failures: 0, held_reason: null, judged_task_id: null, judged_version: null } as const;

/** A step that wants a started pipeline to run no more. */
export function wantStopped({ knex, dialect }: Database, pipelineId: number | Knex.QueryBuilder): Query {
  return knex(table)
    .where('pipeline_id', pipelineId)
    .where({ state: 'started' })
    .update({ state: 'stopped', since: dialect.now(knex), next_start: null, ...nothingWrong });
}

/** A step that lets a started pipeline go on which had waited for a person, or for its time: it is due at once. */
export function letGo({ knex, dialect }: Database, pipelineId: number): Query {
  return knex(table)
    .where({ pipeline_id: pipelineId, state: 'started' })
    .where((waits) => void waits.whereNotNull('held_reason').orWhereNotNull('next_start'))
    .update({ next_start: dialect.now(knex), ...nothingWrong });
}
