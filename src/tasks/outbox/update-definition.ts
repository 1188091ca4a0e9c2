import { registry } from '../../components/registry.js';
import { findSource } from '../../components/source-of.js';
import type { SourceDescription } from '../../components/seam/component.js';
import { JournalStore } from '../../database/events/journal-store.js';
import { ShardStore } from '../../database/events/shard-store.js';
import type { Database } from '../../database/database.js';
import { listByName, theOne } from '../../database/pipelines/pipeline-names.js';
import { PipelineStore } from '../../database/pipelines/pipeline-store.js';
import { SinkStore } from '../../database/sinks/sink-store.js';
import type { Component, PipelineDefinition } from '../../model/pipeline.js';
import { DamagedDefinitionError, NotFoundError } from '../../runtime/errors.js';
import type { Problem } from '../../runtime/errors.js';
import { plural } from '../../texts/in-both.js';

/** What became of a definition that replaced another one. */
export interface Updated {
  readonly id: number;
  /** What a person should know of blocks that were read by the definition of before, and of sinks that go on from where they stood. */
  readonly warnings: readonly Required<Problem>[];
}

/** Stores a definition in the place of another one, of its id or else of its name. Throws as the store's import. */
export async function updateDefinition(database: Database, definition: PipelineDefinition): Promise<Updated> {
  const store = new PipelineStore(database);
  const old = definition.id ?? theOne(definition.name, await listByName(database, definition.name));
  const before = old === null ? [] : await componentsOf(store, old);
  const moved = movedSinks(before, definition.components);
  const id = await store.import(definition, { update: true, moved });
  const questions = [changedSource, readAhead, changedSinks].map((ask) =>
    ask(database, id, before, definition.components),
  );
  const warnings = await Promise.all(questions.map((asked) => asked.catch(() => [])));
  return { id, warnings: warnings.flat() };
}

async function componentsOf(store: PipelineStore, id: number): Promise<readonly Component[]> {
  try {
    return (await store.get(id)).components;
  } catch (error) {
    // An import mends one that can't be read.
    if (error instanceof NotFoundError || error instanceof DamagedDefinitionError) return [];
    throw error;
  }
}

/** Names the sinks that fill another place than before. */
function movedSinks(before: readonly Component[], now: readonly Component[]): readonly string[] {
  return now.flatMap((sink) => {
    const was = before.find(({ name, type }) => name === sink.name && type === sink.type);
    return was === undefined || placeOf(was) === placeOf(sink) ? [] : [sink.name];
  });
}

/** Names what a sink fills, as its definition writes it; null: others may fill it, too. */
function placeOf({ type, config }: Component): string | null {
  const kind = registry.find(type);
  return kind?.role === 'sink' ? (kind.fills?.(config, null).name ?? null) : null;
}

/** Says what of the blocks that have been read is no longer as the definition has it. */
async function changedSource(
  database: Database,
  id: number,
  before: readonly Component[],
  now: readonly Component[],
): Promise<Updated['warnings']> {
  const [was, is] = [before, now].map(sourceOf);
  const blocks = (await new JournalStore(database).current(id))?.blocks ?? null;
  if (was === undefined || is === undefined || blocks === null) return [];
  const { from, to } = blocks;
  if (was.chain.id !== is.chain.id) {
    const message = `blocks ${from} to ${to} are of chain ${was.chain.id}: a run that goes on behind them on chain ${is.chain.id} is refused`;
    return [{ message, hint: `to begin anew: chainparse run-pipeline ${id} --fresh` }];
  }
  if (was.selection !== is.selection) {
    const message = `blocks ${from} to ${to} were read by the definition of before: what is stored of them stays as it is`;
    const first = Math.min(from, firstOf(is) ?? from);
    return [{ message, hint: `to read them anew: chainparse run-pipeline ${id} --fresh --from-block ${first}` }];
  }
  const warnings: Required<Problem>[] = [];
  const first = firstOf(is);
  if (first !== null && first < Math.min(from, firstOf(was) ?? from)) {
    const message = `blocks ${first} to ${from - 1} have not been read: the pipeline goes on behind block ${to}`;
    warnings.push({ message, hint: `to read them: chainparse run-pipeline ${id} --from-block ${first}` });
  }
  if (is.endBlock !== null && is.endBlock < Math.min(to, was.endBlock ?? to)) {
    const last = Math.max(is.endBlock, from - 1);
    const message = `what is stored of blocks ${last + 1} to ${to} stays`;
    warnings.push({ message, hint: `to take it back: chainparse pipeline rewind ${id} --to-block ${last}` });
  }
  return warnings;
}

/** Says what shards have read, or are to read, by a definition that it is no longer: the next task gives it up. */
async function readAhead(
  database: Database,
  id: number,
  _before: readonly Component[],
  now: readonly Component[],
): Promise<Updated['warnings']> {
  const fingerprint = findSource({ components: now })?.fingerprint();
  const shards = (await new ShardStore(database).list(id)).filter((shard) => !shard.isDropped);
  const former = shards.filter(({ definition }) => definition !== fingerprint);
  const events = former.reduce((sum, shard) => sum + shard.events, 0);
  const [first] = former;
  if (first === undefined) return [];
  const ahead = `blocks ${first.after.number + 1} to ${String(former.at(-1)?.toBlock)} were cut into shards by the definition of before`;
  const message = `${ahead}: what they have read ahead (${events} ${plural(events, 'event', 'events')}) is given up by the pipeline's next task, which reads it anew`;
  return [
    {
      message,
      hint: `a task that runs goes on by the definition of before; to end it: chainparse pipeline restart ${id}`,
    },
  ];
}

/** The first block that a source reads; null: the head. */
function firstOf({ startBlock, mode }: SourceDescription): number | null {
  return startBlock ?? (mode === 'historical' ? 0 : null);
}

interface ReadBy extends SourceDescription {
  /** Which events are stored, and what of their logs, as a text: two are equal or not. */
  readonly selection: string;
}

function sourceOf([component]: readonly Component[]): ReadBy | undefined {
  const kind = component === undefined ? undefined : registry.find(component.type);
  if (component === undefined || kind?.role !== 'source') return undefined;
  return { ...kind.describe(component.config), selection: JSON.stringify(kind.selection(component.config)) };
}

/** Says of which sinks that have delivered the events, or what is made of them, are others than before. */
async function changedSinks(
  database: Database,
  id: number,
  before: readonly Component[],
  now: readonly Component[],
): Promise<Updated['warnings']> {
  const changed = now.flatMap((sink, position) => {
    const old = before.findIndex(({ name, type }) => name === sink.name && type === sink.type);
    const was = before[old];
    if (was === undefined || registry.find(sink.type)?.role !== 'sink') return [];
    if (eventsOf(was) !== eventsOf(sink)) return [{ name: sink.name, what: 'other events than before' }];
    const [former, present] = [formText(was, before.slice(0, old)), formText(sink, now.slice(0, position))];
    return former === present ? [] : [{ name: sink.name, what: 'events in another form than before' }];
  });
  if (changed.length === 0) return [];
  const rows = await new SinkStore(database).list(id);
  const begun = changed.filter(({ name }) => rows.some((row) => row.name === name && row.place !== null));
  const first = (await new JournalStore(database).current(id))?.blocks?.from ?? 0;
  return begun.map(({ name, what }) => ({
    message: `sink ${name} delivers ${what}; what it has delivered stays`,
    hint: `chainparse sink replay ${id} ${name} --from-block ${first}`,
  }));
}

function eventsOf({ type, config }: Component): string {
  const kind = registry.find(type);
  const names = kind?.role === 'sink' ? kind.describe(config).eventNames : null;
  return JSON.stringify(names === null ? null : [...names].sort());
}

/** What stages make of events, and a sink of that, as a text: two are equal or not. */
function formText({ type, config }: Component, above: readonly Component[]): string {
  const kind = registry.find(type);
  const own = kind?.role === 'sink' ? kind.form?.(config) : undefined;
  const stages = above.filter((each) => registry.find(each.type)?.role === 'stage');
  return JSON.stringify([own, ...stages.map((each) => [each.type, registry.find(each.type)?.keys(each.config)])]);
}
