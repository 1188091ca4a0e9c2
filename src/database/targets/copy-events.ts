import type { Knex } from 'knex';
import type { Database } from '../database.js';
import type { StoredKind, StoredStretch } from '../events/stored-stretch.js';
import type { Statement } from '../script.js';
import type { JsonMember, TargetPlace } from '../target-dialect.js';
import { toBytes } from '../../runtime/hex-bytes.js';

/** What a column of a sink's table is filled with, of an event as it lies in the pipeline's table. */
export type StoredValue =
  /** The column of this name there. */
  | { readonly of: 'chain_id' | 'block_number' | 'log_index' }
  /** The 0x-hex of its bytes. */
  | { readonly of: 'transaction_hash' | 'block_hash' }
  /** The time of its block; NULL where that is later than so many seconds after the beginning of 1970. */
  | { readonly of: 'block_time'; readonly until: number }
  | { readonly of: 'contract_address' | 'event_name' }
  /** An argument. */
  | ({ readonly of: 'argument' } & JsonMember);

/** How the events of one signature become rows. */
export interface KindCopy {
  readonly kind: StoredKind;
  readonly columns: readonly (readonly [name: string, value: StoredValue])[];
}

/** Events of a pipeline that become rows where they lie. */
export interface EventCopy {
  readonly pipelineId: number;
  readonly stretch: Omit<StoredStretch, 'kinds'>;
  readonly kinds: readonly KindCopy[];
}

/**
 * Writes the statements that fill a table with events of the same database. Each is a fence: where others are there than
 * those that are meant, because rows were taken back or put right meanwhile, nothing is written.
 */
export function copyEvents(
  database: Database,
  place: TargetPlace,
  { kinds, ...copy }: EventCopy,
): readonly Statement[] {
  return kinds.map((kind) => copyKind(database, place, copy, kind));
}

function copyKind(
  database: Database,
  { schema, name }: TargetPlace,
  { pipelineId, stretch }: Omit<EventCopy, 'kinds'>,
  { kind, columns }: KindCopy,
): Statement {
  const { knex } = database;
  const { from, to, version } = stretch;
  const rows = knex('event')
    .select(columns.map(([, value]) => valueOf(database, kind, value)))
    .where({ pipeline_id: pipelineId, event_signature: kind.eventSignature })
    .whereBetween('block_number', [from.blockNumber, to.blockNumber])
    .where((row) => void row.where('block_number', '>', from.blockNumber).orWhere('log_index', '>=', from.logIndex))
    .where((row) => void row.where('block_number', '<', to.blockNumber).orWhere('log_index', '<=', to.logIndex))
    .where('added', '<=', version);
  const names = columns.map(([column]) => column);
  const path = schema === null ? [name] : [schema, name];
  const marks = (count: number): string => new Array<string>(count).fill('??').join(', ');
  const into = knex.raw(`${path.map(() => '??').join('.')} (${marks(names.length)})`, [...path, ...names]);
  return database.fenced(knex(into).insert(rows), kind.count);
}

function valueOf({ knex, dialect }: Database, kind: StoredKind, value: StoredValue): Knex.Raw {
  const { targets } = dialect;
  switch (value.of) {
    case 'chain_id':
    case 'block_number':
    case 'log_index':
      return knex.raw('??', [value.of]);
    case 'transaction_hash':
    case 'block_hash':
      return targets.hexOf(knex, value.of);
    case 'block_time': {
      const instant = targets.instantOf(knex, 'block_timestamp');
      return knex.raw('CASE WHEN ?? BETWEEN 0 AND ? THEN ? END', ['block_timestamp', value.until, instant]);
    }
    case 'contract_address':
      return contractOf(knex, kind.contracts);
    case 'event_name':
      return knex.raw('?', [kind.eventName]);
    case 'argument':
      return targets.memberOf(knex, 'args', value);
  }
}

/** Their case is a checksum that databases can't make. */
function contractOf(knex: Knex, contracts: readonly string[]): Knex.Raw {
  if (contracts.length === 1) return knex.raw('?', [...contracts]);
  const cases = contracts.map(() => 'WHEN ? THEN ?').join(' ');
  const pairs = contracts.flatMap((contract) => [toBytes(contract), contract]);
  return knex.raw(`CASE ?? ${cases} END`, ['contract_address', ...pairs]);
}
