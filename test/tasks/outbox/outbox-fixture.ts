import type { SourceContext } from '../../../src/components/seam/source.js';
import { CheckpointStore } from '../../../src/database/events/checkpoint-store.js';
import type { Database, Query } from '../../../src/database/database.js';
import { compareStored } from '../../../src/database/events/compare-stored.js';
import { EventStore } from '../../../src/database/events/event-store.js';
import { RepairStore } from '../../../src/database/events/repair-store.js';
import { SinkStore } from '../../../src/database/sinks/sink-store.js';
import type { SourceMessage } from '../../../src/model/batch.js';
import { eventToJson } from '../../../src/model/event-json.js';
import type { ChainEvent } from '../../../src/model/event.js';
import { originOf } from '../../../src/model/event-origin.js';
import type { SinkStanding } from '../../../src/model/sink.js';
import { systemClock } from '../../../src/runtime/clock.js';
import type { Clock } from '../../../src/runtime/clock.js';
import type { Logger } from '../../../src/runtime/logger.js';
import { runTask } from '../../../src/tasks/run/run-task.js';
import type { TaskOptions, TaskResult } from '../../../src/tasks/run/task-options.js';
import type { OpenableSink } from '../../../src/tasks/outbox/openable-sink.js';
import { withChecksum } from '../../../src/tasks/views/stored-events.js';
import { exampleEvent, hashOf } from '../../database/example-batch.js';
import { ScriptedSource } from '../../pipeline/pipeline-fixture.js';
import { claimOptions, plainRun } from '../run/task-fixture.js';

export type Send = (context: SourceContext, start: number) => AsyncGenerator<SourceMessage, void, undefined>;

/** How much faster the clock of these runs goes: their waits are real, and short. */
const haste = 50;
/** What a run gives its database and its sinks once it shall end is real time: a busy server needs it. */
const patienceMs = 3_000;

const fastClock: Clock = {
  now: () => systemClock.now(),
  monotonic: () => systemClock.monotonic() * haste,
  sleep: (durationMs, signal) => systemClock.sleep(durationMs === patienceMs ? patienceMs : durationMs / haste, signal),
};

/** A pipeline with sinks whose source is a function of the test. */
export class OutboxRuns {
  readonly lines: string[] = [];
  /** Those of them that are errors. */
  readonly errors: string[] = [];
  readonly database: Database;
  readonly pipelineId: number;
  readonly clock = fastClock;
  stopping = new AbortController();
  hard = new AbortController();

  constructor(database: Database, pipelineId: number) {
    this.database = database;
    this.pipelineId = pipelineId;
  }

  /** Runs a task to its end. */
  run(
    sinks: readonly OpenableSink[],
    send: Send,
    changes: Partial<TaskOptions> & { finalized?: () => Promise<number | null> } = {},
  ): Promise<TaskResult> {
    const logger: Logger = {
      log: (level, message) => {
        this.lines.push(message);
        if (level === 'error') this.errors.push(message);
      },
    };
    const { finalized, ...options } = changes;
    return runTask({
      ...claimOptions({ pipelineId: this.pipelineId, heartbeatIntervalSeconds: 30 }),
      ...plainRun,
      ...{ database: this.database, clock: this.clock, keepsRemoved: true, stallAfterSeconds: 6_000 },
      begin: () => {
        const source = Object.assign(new ScriptedSource(send), finalized === undefined ? {} : { finalized });
        const origin = originOf(this.pipelineId, { name: 'ethereum', id: 1 });
        return Promise.resolve({ source, logger, delivery: { sinks, origin } });
      },
      onProgress: () => undefined,
      mask: (text) => text.replaceAll('secret99', '***'),
      stopping: this.stopping.signal,
      signal: this.hard.signal,
      ...options,
    });
  }

  /** Ends a run as a signal of the system does that nobody can catch: what was in the air is lost. */
  kill(): never {
    this.stopping.abort();
    this.hard.abort(new Error('killed'));
    throw new Error('killed');
  }

  /** Whoever was killed may run again. */
  revive(): void {
    [this.stopping, this.hard] = [new AbortController(), new AbortController()];
  }

  async standing(name = 'out'): Promise<SinkStanding> {
    return (await new SinkStore(this.database).list(this.pipelineId)).find((row) => row.name === name)!;
  }

  /** What the event table holds, as messages say it. */
  async stored(): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    const origin = originOf(this.pipelineId, { name: 'ethereum', id: 1 });
    for await (const page of new EventStore(this.database).pages({ pipelineId: this.pipelineId })) {
      for (const event of page) {
        const id = `1:${event.blockHash}:${event.transactionHash}:${event.logIndex}`;
        found.set(id, eventToJson(withChecksum(event), origin));
      }
    }
    return found;
  }

  /** Returns what sets the database back to how it is now. */
  async setBackPoint(): Promise<() => Promise<void>> {
    const tables = [
      'pipeline_checkpoint',
      'pipeline_commit',
      'pipeline_sink',
      'event',
      'event_removed',
      'recent_block',
    ];
    const of = { pipeline_id: this.pipelineId };
    const kept: object[][] = [];
    for (const table of tables) kept.push(await this.database.read((knex) => knex(table).where(of)));
    const { knex } = this.database;
    const rows = (table: string, i: number): Query[] => [
      knex(table).where(of).delete(),
      ...kept[i]!.map((row) => knex(table).insert(row)),
    ];
    return async () => {
      await this.database.write(tables.flatMap(rows));
    };
  }

  /** Puts the rows of a block right, as `verify --repair` does. */
  async repair(block: number, events: readonly ChainEvent[]): Promise<void> {
    const of = { pipelineId: this.pipelineId, chainId: 1 };
    const held = { events, undecoded: [] };
    const { version } = await new CheckpointStore(this.database).get(this.pipelineId);
    const { change } = await compareStored(new EventStore(this.database), of, { from: block, to: block }, held);
    await new RepairStore(this.database).replace({
      ...of,
      block,
      hash: events[0]?.blockHash ?? '0x',
      change,
      version,
      isSettled: false,
    });
  }
}

/** Nothing more of the chain. */
export const noMore: Send = async function* () {
  await Promise.resolve();
  yield* [];
};

/** An event of a block on another branch of the chain. */
export function eventOn(branch: string, blockNumber: number, logIndex = 0): ChainEvent {
  return { ...exampleEvent(blockNumber, logIndex), blockHash: hashOf(`${branch} ${blockNumber}`) };
}
