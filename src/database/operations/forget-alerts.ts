import type { Knex } from 'knex';
import { settledByPerson } from '../../model/alert.js';
import type { Database } from '../database.js';

/** Which alerts are forgotten. */
export interface ForgetOptions {
  /** Those that were cleared longer ago, in seconds. */
  readonly keptSeconds: number;
  /** For how long one that a person has cleared keeps another from being raised, in seconds; null: for ever. */
  readonly mutedSeconds: number | null;
  /** At most so many, the oldest first. */
  readonly limit: number;
}

/** Deletes alerts that were cleared long ago; returns how many. None that stands goes, nor one that keeps another quiet. */
export async function forgetAlerts(
  database: Database,
  { keptSeconds, mutedSeconds, limit }: ForgetOptions,
): Promise<number> {
  const { dialect } = database;
  const ids = await database.read<{ id: number }[]>((knex) => {
    const clearedBefore = (seconds: number): Knex.Raw => dialect.isOlder(knex, 'clear_time', seconds);
    const isLoud = (query: Knex.QueryBuilder): void => {
      void query.whereNot('cleared_by', 'person');
      if (mutedSeconds === null) return;
      void query.orWhere((quiet) => {
        void quiet.whereRaw(clearedBefore(mutedSeconds)).whereNotIn('rule', [...settledByPerson]);
      });
    };
    return knex('alert')
      .whereNull('open_key')
      .whereRaw(clearedBefore(keptSeconds))
      .where(isLoud)
      .orderBy('id')
      .limit(limit)
      .select('id');
  });
  if (ids.length === 0) return 0;
  const [result] = await database.write([
    database
      .knex('alert')
      .whereIn(
        'id',
        ids.map(({ id }) => id),
      )
      .delete(),
  ]);
  return result?.matched ?? 0;
}
