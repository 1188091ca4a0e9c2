import type { History } from '../history.js';
import type { LedgerRow } from '../ledger.js';
import { repairer } from '../repair-event.js';

/** What a pipeline has stored at a moment, as its ledger tells it. */
interface Stored {
  readonly events: Set<string>;
  block: number | null;
  hash: string;
}

/**
 * Rows land only while the task of the process that sent them runs and is named by the checkpoint, and after each commit
 * the stored events are exactly those of the blocks up to the checkpoint: none lacks, none is there twice.
 */
export function* noStaleCommit(history: History): Generator<string> {
  const pipelines = new Map<number, Stored>();
  for (const row of history.ledger) {
    if (row.kind === 'task' || row.kind === 'change' || (row.kind === 'checkpoint' && row.detail === null)) continue;
    yield* fromTheHolder(row);
    const stored = pipelines.get(row.pipeline) ?? { events: new Set<string>(), block: null, hash: '' };
    pipelines.set(row.pipeline, stored);
    if (row.kind === 'checkpoint') {
      yield* isWhole(history, row.pipeline, stored);
      stored.block = row.block;
      stored.hash = `0x${row.error ?? ''}`;
    } else if (row.kind === 'unevent') stored.events.delete(row.detail ?? '');
    else if (stored.events.has(row.detail ?? '')) yield `event ${row.detail ?? ''} is stored twice`;
    else stored.events.add(row.detail ?? '');
  }
  for (const [pipeline, stored] of pipelines) yield* isWhole(history, pipeline, stored);
  yield* tableIsAsTold(history, pipelines);
}

function* fromTheHolder(row: LedgerRow): Generator<string> {
  const isHolder = row.status === 0 && row.worker?.startsWith(`${row.sender}.`) === true;
  // Who repairs writes whoever holds the pipeline; that the rows are right is judged as after any commit.
  if (isHolder || row.sender === repairer) return;
  const holder = `task ${String(row.task)} of ${String(row.worker)} (status ${String(row.status)})`;
  yield `stale commit: ${row.sender} wrote ${row.kind} ${row.detail ?? ''} of pipeline ${row.pipeline}, which ${holder} held`;
}

function* isWhole({ chain }: History, pipeline: number, { events, block, hash }: Stored): Generator<string> {
  const expected = block === null ? [] : chain.eventsUpTo(1, { number: block, hash });
  if (expected.length === events.size && expected.every((id) => events.has(id))) return;
  yield `pipeline ${pipeline} at block ${String(block)} should hold ${expected.join(' ')} and holds ${[...events].join(' ')}`;
}

function* tableIsAsTold(history: History, pipelines: ReadonlyMap<number, Stored>): Generator<string> {
  const told = [...pipelines].flatMap(([pipeline, { events }]) => [...events].map((id) => `${pipeline}/${id}`));
  const known = new Set(told);
  const isSame = told.length === history.events.length && history.events.every((id) => known.has(id));
  if (!isSame) yield `the table holds ${history.events.join(' ')} and not ${told.join(' ')}`;
}
