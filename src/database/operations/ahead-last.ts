import type { Knex } from 'knex';
import { toleratedAheadSeconds } from '../../runtime/silence.js';
import type { Database } from '../database.js';

/** Orders rows whose last heartbeat lies ahead of the database's clock behind all others: many dead ones must not hide who lives. */
export function aheadLast({ knex, dialect }: Database): Knex.Raw {
  return knex.raw('CASE WHEN ? THEN 1 ELSE 0 END', [dialect.isAhead(knex, 'last_heartbeat', toleratedAheadSeconds)]);
}
