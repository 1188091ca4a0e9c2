import type { StoredKind, StoredStretch } from '../../database/events/stored-stretch.js';
import type { EventCopy, KindCopy, StoredValue } from '../../database/targets/copy-events.js';
import { lastSecond } from './row-maker.js';
import type { TablePlan } from './plan-table.js';

/** Contracts whose addresses one statement writes out, at most. */
const mostContracts = 32;

/**
 * Returns how the rows of events are had from where they lie; null where the database can't make them: of arguments that are
 * texts of any kind, or lists, of what stages have made, and of the events of very many contracts.
 */
export function copyOf(plan: TablePlan, pipelineId: number, { kinds, ...stretch }: StoredStretch): EventCopy | null {
  const copies: KindCopy[] = [];
  for (const kind of kinds) {
    const columns = columnsOf(plan, kind);
    if (columns === null) return null;
    copies.push({ kind, columns });
  }
  return { pipelineId, stretch, kinds: copies };
}

function columnsOf({ fixed, own, events }: TablePlan, kind: StoredKind): KindCopy['columns'] | null {
  const planned = events.get(kind.eventSignature);
  if (planned?.isPlain !== true || kind.contracts.length > mostContracts) return null;
  const columns: (readonly [string, StoredValue])[] = fixed.map(({ name }) => [name, fixedValue(name)]);
  // Behind the bracket. Of an event that contracts name differently this is true of one way, and the others are found by name.
  let part = 2;
  for (const { column, key } of planned.places) {
    const { name, type } = own[column] ?? {};
    // What another event has as a text is one here, too: a truth value would be written in the database's way.
    if (name === undefined || type === undefined || type.kind === 'text') return null;
    columns.push([name, { of: 'argument', key, type, part }]);
    // A truth value stands without quotation marks.
    part += type.kind === 'bool' ? 2 : 4;
  }
  return columns;
}

function fixedValue(name: string): StoredValue {
  return name === 'block_time'
    ? { of: name, until: lastSecond }
    : { of: name as Exclude<StoredValue['of'], 'block_time' | 'argument'> };
}
