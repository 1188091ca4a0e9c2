import type { Database } from '../../database/database.js';
import { CheckpointStore } from '../../database/events/checkpoint-store.js';
import type { JournalHead } from '../../database/events/journal-store.js';
import { FenceError } from '../../database/script.js';
import type { SinkGuard, SinkStore } from '../../database/sinks/sink-store.js';
import { isAmong } from '../../model/event-choice.js';
import type { Lease } from '../../pipeline/lease.js';
import { LeaseLostError } from '../../runtime/errors.js';
import type { OpenableSink } from './openable-sink.js';
import { neededVersion, readPlace } from './place.js';
import { firstText } from './resume.js';
import { RunClaim } from './run-claim.js';
import type { RunJournal } from './run-journal.js';

interface TakeOverParts {
  readonly database: Database;
  readonly pipelineId: number;
  readonly lease: Lease;
  readonly sinks: readonly OpenableSink[];
}

/** What a run holds its sinks by. */
interface TakenOver {
  readonly guard: RunClaim;
  readonly epoch: string;
}

/** Makes the rows of a run's sinks its own, fenced by its task: no other may write them from then on. Throws LeaseLostError. */
export async function takeOverSinks(parts: TakeOverParts, store: SinkStore, journal: RunJournal): Promise<TakenOver> {
  const { pipelineId, lease, sinks, database } = parts;
  const head = await journal.current(pipelineId);
  const guard = new RunClaim(store, { pipelineId, taskId: lease.taskId, claim: head?.claim ?? 0 });
  try {
    await store.keepOnly(guard, sinks);
    const recent = await new CheckpointStore(database).recentBlocks(pipelineId);
    for (const sink of sinks) await begin(store, guard, sink, { head, oldestRecent: recent[0]?.number ?? null });
    await store.claim(guard);
    await widen(store, guard, sinks);
  } catch (error) {
    if (!(error instanceof FenceError)) throw error;
    throw new LeaseLostError(`pipeline ${pipelineId} was claimed by another task`);
  }
  return { guard, epoch: head?.epoch ?? '' };
}

/** Has a sink that is new begin where its definition says. */
async function begin(
  store: SinkStore,
  guard: SinkGuard,
  { name, type, delivery, start }: OpenableSink,
  { head, oldestRecent }: { readonly head: JournalHead | null; readonly oldestRecent: number | null },
): Promise<void> {
  const version = start === 'now' ? (head?.version ?? 0) : 0;
  const last = version === 0 ? -1 : (head?.blocks?.to ?? -1);
  // Only remembered blocks may still be replaced.
  const block = delivery === 'latest' ? last : Math.min(last, (oldestRecent ?? Infinity) - 1);
  const place = firstText(version, delivery === 'latest' ? null : block, last < 0 ? null : last);
  const known = readPlace(place);
  await store.begin(
    guard,
    { name, type },
    {
      ...{ place, epoch: head?.epoch ?? '', base: { version, block } },
      needsVersion: known === null ? 0 : neededVersion(known),
      cursorBlock: version === 0 || block < 0 ? null : block,
    },
  );
}

/** What sinks were told of before their definition became another one may yet be taken back. */
async function widen(store: SinkStore, guard: SinkGuard, sinks: readonly OpenableSink[]): Promise<void> {
  for (const { name, toldEvents: known } of await store.list(guard.pipelineId)) {
    const sink = sinks.find((each) => each.name === name);
    if (sink === undefined) continue;
    const toldEvents = widened(known, toldOf(sink));
    if (toldEvents.length !== known?.length) await store.save(guard, name, { toldEvents });
  }
}

/** Returns of which events a sink is told, by name or full signature: those that it names, but what mappers leave nothing of; none: of all. */
function toldOf({ eventNames, events }: Pick<OpenableSink, 'eventNames' | 'events'>): readonly string[] {
  const left = events.filter(({ fields, mapped }) => fields.length > 0 || !mapped);
  if (left.length === events.length) return eventNames ?? [];
  const told = left.filter((event) => isAmong(eventNames ?? [], event)).map(({ eventSignature }) => eventSignature);
  return told.length === 0 ? (eventNames ?? []) : told;
}

/** Returns of which events a sink may have been told once it is told of some; none: of all. */
function widened(known: readonly string[] | null, told: readonly string[]): readonly string[] {
  if (told.length === 0 || known?.length === 0) return [];
  return [...new Set([...(known ?? []), ...told])];
}
