import type { Source, SourceContext } from '../../src/components/seam/source.js';
import { BatchStore } from '../../src/database/events/batch-store.js';
import { CheckpointStore } from '../../src/database/events/checkpoint-store.js';
import type { Database } from '../../src/database/database.js';
import { StoredBlocks } from '../../src/database/events/stored-blocks.js';
import { TaskStore } from '../../src/database/tasks/task-store.js';
import type { TellSent } from '../../src/database/script.js';
import type { SourceMessage } from '../../src/model/batch.js';
import { DatabaseUnreachableError } from '../../src/runtime/errors.js';
import { claimRequest } from '../database/claim-request.js';

/** A source that sends what a function says for each of its starts. */
export class ScriptedSource implements Source {
  readonly starts: SourceContext[] = [];
  readonly #send: (context: SourceContext, start: number) => AsyncGenerator<SourceMessage, void, undefined>;

  constructor(send: (context: SourceContext, start: number) => AsyncGenerator<SourceMessage, void, undefined>) {
    this.#send = send;
  }

  messages(context: SourceContext): AsyncGenerator<SourceMessage, void, undefined> {
    this.starts.push(context);
    return this.#send(context, this.starts.length);
  }
}

/** What the next commits and rollbacks do: `lost` lands without an answer, `dropped` does not land. */
export type Fate = 'lands' | 'lost' | 'dropped' | ((sent: TellSent) => Promise<void>);

/** A BatchStore whose connection fails as the test says. */
export class FaultyBatches extends BatchStore {
  readonly fates: Fate[] = [];
  sent = 0;

  override commit(...args: Parameters<BatchStore['commit']>): Promise<void> {
    return this.#send(() => super.commit(...args), args[2]);
  }

  override rollback(...args: Parameters<BatchStore['rollback']>): Promise<number> {
    return this.#send(() => super.rollback(...args));
  }

  async #send<T>(work: () => Promise<T>, sent: TellSent = () => undefined): Promise<T> {
    this.sent += 1;
    const fate = this.fates.shift() ?? 'lands';
    if (typeof fate === 'function') await fate(sent);
    const result = fate === 'dropped' ? undefined : await work();
    if (fate === 'lands' || typeof fate === 'function') return result as T;
    throw new DatabaseUnreachableError('connection lost');
  }
}

/** A pipeline that a task has claimed, and all that works on it. */
export interface ClaimedPipeline {
  readonly pipelineId: number;
  readonly taskId: number;
  readonly batches: FaultyBatches;
  readonly checkpoints: CheckpointStore;
  readonly storedBlocks: StoredBlocks;
  readonly tasks: TaskStore;
}

export async function claimPipeline(database: Database, pipelineId: number): Promise<ClaimedPipeline> {
  const checkpoints = new CheckpointStore(database);
  const tasks = new TaskStore(database);
  const { taskId: holder } = await checkpoints.get(pipelineId);
  const taskId = await tasks.claim(claimRequest({ pipelineId, holder }));
  const storedBlocks = new StoredBlocks(database);
  return { pipelineId, taskId, tasks, checkpoints, storedBlocks, batches: new FaultyBatches(database) };
}

/** The numbers of the blocks of which a pipeline has events, ascending. */
export function eventBlocks(database: Database, pipelineId: number): Promise<number[]> {
  return database.read((knex) =>
    knex('event').where({ pipeline_id: pipelineId }).orderBy('block_number').pluck('block_number'),
  );
}
