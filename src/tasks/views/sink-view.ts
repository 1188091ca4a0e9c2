import { registry } from '../../components/registry.js';
import type { DeadLetter } from '../../database/sinks/dead-letter-store.js';
import { listBehindSource } from '../../database/sinks/list-sinks.js';
import type { StoredComponent } from '../../database/sinks/list-sinks.js';
import { SinkStore } from '../../database/sinks/sink-store.js';
import type { Database } from '../../database/database.js';
import type { SinkStanding } from '../../model/sink.js';
import { NotFoundError } from '../../runtime/errors.js';
import { blocksBehind } from '../outbox/blocks-behind.js';

/** What a sink does: `running` while a task that is not silent feeds it, `idle` while none does; docs/delivery.md. */
export type SinkState = 'running' | 'paused' | 'failing' | 'idle';

/** A sink of a stored pipeline, as people see it. */
export interface SinkView extends Pick<SinkStanding, 'pipelineId' | 'name' | 'type' | 'cursorBlock' | 'deadLetters'> {
  readonly state: SinkState;
  /** Blocks that came, or were taken back, and are yet to be delivered. */
  readonly behind: number;
  /** For how long it can't deliver; null: it can. */
  readonly failingSeconds: number | null;
  readonly lastError: string | null;
  readonly lastErrorTime: string | null;
}

/**
 * Lists the sinks of all pipelines, or of one, in the order of their definitions. Tasks that name no heartbeat interval are
 * judged by the default.
 */
export async function readSinks(
  database: Database,
  defaultIntervalSeconds: number,
  pipelineId?: number,
): Promise<readonly SinkView[]> {
  const components = await listBehindSource(database, defaultIntervalSeconds, pipelineId);
  const standings = await new SinkStore(database).list(pipelineId);
  return components
    .filter(({ type }) => registry.find(type)?.role === 'sink')
    .map((component) => viewOf(component, standings.find((row) => isOf(row, component)) ?? null));
}

/** Returns a sink of a pipeline; throws NotFoundError. */
export async function readSink(
  database: Database,
  defaultIntervalSeconds: number,
  { pipelineId, name }: Pick<SinkView, 'pipelineId' | 'name'>,
): Promise<SinkView> {
  const sinks = await readSinks(database, defaultIntervalSeconds, pipelineId);
  const sink = sinks.find((each) => each.name === name);
  if (sink !== undefined) return sink;
  throw new NotFoundError(`pipeline ${pipelineId} has no sink '${name}'`, {
    hint: sinks.length === 0 ? undefined : `it has ${sinks.map((each) => each.name).join(', ')}`,
  });
}

/** Returns a sink as `sink list --json` has it. */
export function sinkToJson(sink: SinkView): object {
  return {
    pipeline_id: sink.pipelineId,
    name: sink.name,
    type: sink.type,
    state: sink.state,
    cursor_block: sink.cursorBlock,
    behind: sink.behind,
    dead_letters: sink.deadLetters,
    last_error: sink.lastError,
    last_error_time: sink.lastErrorTime,
  };
}

/** Returns a dead letter as `sink dead-letters list --json` has it. */
export function deadLetterToJson({ id, message, attempts, error, createTime }: DeadLetter): object {
  return {
    letter_id: id,
    id: message.id,
    op: message.op,
    seq: message.seq,
    block_number: message.place.blockNumber,
    event_name: message.eventName,
    attempts,
    error,
    create_time: createTime,
    data: JSON.parse(message.data.text) as unknown,
  };
}

function isOf(row: SinkStanding, { pipelineId, name, type }: StoredComponent): boolean {
  return row.pipelineId === pipelineId && row.name === name && row.type === type;
}

function viewOf(component: StoredComponent, row: SinkStanding | null): SinkView {
  const { pipelineId, name, type } = component;
  return {
    ...{ pipelineId, name, type },
    state: stateOf(component, row),
    cursorBlock: row?.cursorBlock ?? null,
    behind: row === null && component.startsNow ? 0 : blocksBehind(component, row),
    failingSeconds: row?.failingSeconds ?? null,
    deadLetters: row?.deadLetters ?? 0,
    lastError: row?.lastError ?? null,
    lastErrorTime: row?.lastErrorTime ?? null,
  };
}

function stateOf({ isRunning }: StoredComponent, row: SinkStanding | null): SinkState {
  if (row?.paused === true) return 'paused';
  if (row?.failing === true) return 'failing';
  return isRunning ? 'running' : 'idle';
}
