import type { Knex } from 'knex';
import type { Pipeline } from '../../model/pipeline.js';
import type { Slot } from '../../model/slot.js';
import type { Database, Query } from '../database.js';

const table = 'pipeline_wanted';

/** The schedule of a pipeline, if it has one, and how far it has come. */
export interface Timed extends Pick<Pipeline, 'schedule' | 'timeZone'> {
  /** When a task was queued for a time of it last; null: none was since the pipeline was started. */
  readonly lastSlot: string | null;
}

/** A started pipeline that waits for a time of its schedule. */
export interface Scheduled extends Timed {
  readonly pipelineId: number;
  /** As the database writes it. */
  readonly nextStart: string;
  /** The schedule that this is a time of. */
  readonly nextStartOf: string;
}

/** The times of schedules for which started pipelines wait: columns of `pipeline_wanted`. */
export class SlotStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Lists the started pipelines that wait for a time of a schedule, or one of them. */
  async list(pipelineId?: number): Promise<readonly Scheduled[]> {
    const rows = await this.#database.read<ScheduledRow[]>((knex) => {
      const waiting = knex({ wanted: table })
        .join('pipeline', 'pipeline.id', 'wanted.pipeline_id')
        .where('wanted.state', 'started')
        .whereNotNull('wanted.next_start')
        .whereNotNull('wanted.next_start_of')
        .select('wanted.pipeline_id', 'wanted.next_start', 'wanted.next_start_of', 'wanted.last_slot')
        .select('pipeline.schedule', 'pipeline.time_zone');
      return pipelineId === undefined ? waiting : waiting.where('wanted.pipeline_id', pipelineId);
    });
    return rows.map((row) => ({
      pipelineId: row.pipeline_id,
      ...{ schedule: row.schedule, timeZone: row.time_zone },
      ...{ nextStart: row.next_start, nextStartOf: row.next_start_of, lastSlot: row.last_slot },
    }));
  }

  /** Returns the schedule of a pipeline; null where it has none, or there is no such pipeline. */
  async find(pipelineId: number): Promise<Timed | null> {
    const [row] = await this.#database.read<Pick<ScheduledRow, 'schedule' | 'time_zone' | 'last_slot'>[]>((knex) =>
      knex('pipeline')
        .leftJoin({ wanted: table }, 'wanted.pipeline_id', 'pipeline.id')
        .where('pipeline.id', pipelineId)
        .whereNotNull('pipeline.schedule')
        .select('pipeline.schedule', 'pipeline.time_zone', 'wanted.last_slot'),
    );
    return row === undefined ? null : { schedule: row.schedule, timeZone: row.time_zone, lastSlot: row.last_slot };
  }

  /**
   * Has a pipeline wait for another time, unless it has moved on since it was listed. Null: for none, for it has no schedule
   * any more; how its newest task has ended is then judged anew.
   */
  async retime({ pipelineId, nextStart, nextStartOf }: Scheduled, slot: Pick<Slot, 'at' | 'of'> | null): Promise<void> {
    const next = { next_start: slot?.at ?? null, next_start_of: slot?.of ?? null };
    const waiting = { pipeline_id: pipelineId, state: 'started', next_start: nextStart, next_start_of: nextStartOf };
    await this.#database.write([this.#database.knex(table).where(waiting).update(next)]);
  }
}

/** A step before a task is queued that is due: notes when, where it is for a time of a schedule and none is `open` still. */
export function noteSlot({ knex, dialect }: Database, pipelineId: number, open: readonly Knex.QueryBuilder[]): Query {
  const slot = knex(table).where({ pipeline_id: pipelineId }).whereNotNull('next_start_of');
  for (const query of open) void slot.whereNotExists(query);
  return slot.update({ last_slot: dialect.now(knex) });
}

interface ScheduledRow {
  readonly pipeline_id: number;
  readonly schedule: string | null;
  readonly time_zone: string | null;
  readonly next_start: string;
  readonly next_start_of: string;
  readonly last_slot: string | null;
}
