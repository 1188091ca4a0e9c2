import type { Stage, StageContext } from '../../components/seam/stage.js';
import { mapThrough } from '../../components/sinks-of.js';
import type { DifferenceOptions, VersionedEvent } from '../../database/events/difference.js';
import type { JournalStore } from '../../database/events/journal-store.js';
import type { StoredStretch } from '../../database/events/stored-stretch.js';
import type { BlockRange } from '../../model/block.js';
import type { EventMessage } from '../../model/event-message.js';
import type { EventOrigin } from '../../model/event-origin.js';
import { eventMessageOf } from './message-of.js';
import { reachOf, versionsOf } from './place.js';
import type { Pass, SinkPlace } from './place.js';

/** What messages are made with. */
export interface MessageParts {
  readonly journal: Pick<JournalStore, 'difference'>;
  readonly origin: EventOrigin;
  readonly stages: readonly Stage[];
  readonly context: StageContext;
  /** The sink takes events from where they lie, where it can. */
  readonly takesStored: boolean;
}

/** Which events a sink is told of, and in which portions. */
export interface Portions extends Pick<DifferenceOptions, 'base' | 'eventNames' | 'toldEvents'> {
  readonly batchSize: number;
}

/** Messages that are delivered together. */
export interface PassBatch {
  /** Where their events lie, for a sink that takes them from there; undefined: the messages must be sent. */
  readonly stored: StoredStretch | undefined;
  /** What stages leave out is not among them: there may be none. Made when they are asked for where `stored` is known. */
  readonly messages: () => readonly EventMessage[];
  /** Of each remove, the version that had brought what goes. */
  readonly added: ReadonlyMap<EventMessage, number>;
  /** Where the pass stands once they are delivered. */
  readonly after: SinkPlace;
}

/** Reads what is left of a pass behind a place: from the same place the same batches, however often it is asked. */
export async function* batchesOf(
  { pass, at }: SinkPlace,
  portions: Portions,
  parts: MessageParts,
): AsyncGenerator<PassBatch, void, undefined> {
  if (at === 'end') return;
  const { batchSize: pageSize, ...which } = portions;
  const options = { ...which, pageSize, reach: reachOf(pass), after: at === 'begin' ? undefined : at };
  // What is sent again may be there already.
  const takesStored = parts.takesStored && parts.stages.length === 0 && !pass.resends;
  const difference = parts.journal.difference(parts.origin.pipelineId, versionsOf(pass), options);
  for await (const { op, events, stored } of difference) {
    const last = events.at(-1);
    if (last === undefined) continue;
    const after: SinkPlace = { pass, at: { op, place: last } };
    const tell = (): readonly EventMessage[] => events.map((event) => eventMessageOf(event, op, pass, parts.origin));
    if (takesStored && stored !== undefined) {
      yield { stored, messages: tell, added: new Map(), after };
      continue;
    }
    const told = tell();
    const messages = await mapThrough(parts.stages, told, parts.context);
    const added: PassBatch['added'] = op === 'remove' ? addedBy(events, told, messages) : new Map();
    yield { stored: undefined, messages: () => messages, added, after };
  }
}

/** Stages may make other messages of those that were told, but never of another id. */
function addedBy(
  events: readonly VersionedEvent[],
  told: readonly EventMessage[],
  messages: readonly EventMessage[],
): PassBatch['added'] {
  const byId = new Map(events.map(({ added }, i) => [told[i]?.id, added]));
  return new Map(messages.map((message) => [message, byId.get(message.id) ?? 0]));
}

/** Reads what some blocks hold once a pass is over. */
export async function* insertsOf(
  pass: Pass,
  { from, to }: BlockRange,
  portions: Portions,
  parts: MessageParts,
): AsyncGenerator<readonly EventMessage[], void, undefined> {
  const version = pass.to.version;
  const within: Pass = {
    ...pass,
    from: { version, block: from - 1 },
    to: { version, block: Math.min(to, pass.to.block ?? Infinity) },
  };
  for await (const batch of batchesOf({ pass: within, at: 'begin' }, portions, parts)) {
    const messages = batch.messages();
    if (messages.length > 0) yield messages;
  }
}
