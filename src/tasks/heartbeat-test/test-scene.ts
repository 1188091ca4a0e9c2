import { BatchStore } from '../../database/events/batch-store.js';
import { CheckpointStore } from '../../database/events/checkpoint-store.js';
import type { Database } from '../../database/database.js';
import { TaskStore } from '../../database/tasks/task-store.js';
import { TestPipelineStore } from '../../database/pipelines/test-pipeline-store.js';
import type { TestOwner } from '../../database/pipelines/test-pipeline-store.js';
import { TimeoutStore } from '../../database/tasks/timeout-store.js';
import type { Task } from '../../model/task.js';
import type { Clock } from '../../runtime/clock.js';
import { claimTask } from '../lease/claim-task.js';
import type { Claimant } from '../lease/claim-task.js';

export interface SceneOptions {
  readonly database: Database;
  /** The same database once more, over connections of its own: for a second monitor. */
  readonly rival: Database;
  /** Of runs, in seconds: what the round trip of a beat is measured by. */
  readonly heartbeatIntervalSeconds: number;
  readonly worker: Claimant;
  /** Names this test among those of all processes. */
  readonly token: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** The pipelines of a test: one for its short scenes, and one for each task of the trial of silence. */
const parts = ['main', 'living', 'quiet', 'mute'] as const;
export type ScenePart = (typeof parts)[number];

/** How old the rows of a test may get whose process can't be looked for, in seconds. */
const longestTestSeconds = 600;

/** What the steps of a test work with: the stores that runs and monitors use, and rows that nobody else touches. */
export class TestScene {
  readonly options: SceneOptions;
  readonly tasks: TaskStore;
  readonly checkpoints: CheckpointStore;
  readonly batches: BatchStore;
  readonly timeouts: TimeoutStore;
  /** Of the second monitor. */
  readonly rivalTimeouts: TimeoutStore;
  readonly #rows: TestPipelineStore;
  readonly #pipelines = new Map<ScenePart, number>();
  readonly #claimed = new Map<ScenePart, number>();

  constructor(options: SceneOptions) {
    const { database, worker } = options;
    this.options = options;
    this.tasks = new TaskStore(database, worker);
    this.checkpoints = new CheckpointStore(database);
    this.batches = new BatchStore(database, worker);
    this.timeouts = new TimeoutStore(database);
    this.rivalTimeouts = new TimeoutStore(options.rival);
    this.#rows = new TestPipelineStore(database);
  }

  /** Makes the rows of the test; returns how many pipelines of earlier tests, which had been killed, it removed. */
  async setUp(): Promise<number> {
    const removed = await this.#sweep();
    const { token, worker } = this.options;
    const owner: TestOwner = { token, worker: worker.name, identity: worker.identity };
    for (const part of parts) this.#pipelines.set(part, await this.#rows.insert(owner, part));
    return removed;
  }

  /** Returns the id of one of the test's pipelines. */
  pipelineId(part: ScenePart): number {
    const id = this.#pipelines.get(part);
    if (id === undefined) throw new Error(`the test has no pipeline '${part}'`);
    return id;
  }

  /** Claims one of the test's pipelines as a new task and returns its id. */
  async claim(part: ScenePart, takeOver = true): Promise<number> {
    const { taskId } = await claimTask(this.tasks, this.checkpoints, {
      pipelineId: this.pipelineId(part),
      worker: this.options.worker,
      heartbeatIntervalSeconds: this.options.heartbeatIntervalSeconds,
      clock: this.options.clock,
      stopping: this.options.signal,
      timeoutMinutes: null,
      logPathPrefix: 'heartbeat-test-',
      takeOver,
    });
    this.#claimed.set(part, taskId);
    return taskId;
  }

  /** Returns the task that was claimed last of a pipeline; null: none was. */
  claimed(part: ScenePart): number | null {
    return this.#claimed.get(part) ?? null;
  }

  /** Says whether a monitor that is at work on this database has failed a task, and none of the test's. */
  isFailedByAnother({ endReason, error }: Task): boolean {
    return endReason === 'timeout' && error?.includes(this.options.token) !== true;
  }

  /** Lets the judge decide how often the tasks of pipelines should have beaten. */
  async forgetIntervals(...of: readonly ScenePart[]): Promise<void> {
    await this.#rows.forgetIntervals(of.map((part) => this.pipelineId(part)));
  }

  /** Beats once for tasks and returns those that were refused. */
  beat(...ids: readonly number[]): Promise<readonly number[]> {
    return this.tasks.renew(ids.map((taskId) => ({ taskId, progress: null })));
  }

  /** Returns the database's clock, to the second, as tasks show their instants. */
  async databaseTime(): Promise<string> {
    const { now } = await this.timeouts.probe();
    return now.slice(0, 19).replace(' ', 'T');
  }

  /** Waits; throws the signal's reason as soon as the test shall end. */
  sleep(durationMs: number): Promise<void> {
    return this.options.clock.sleep(durationMs, this.options.signal);
  }

  /** Removes all rows of the test, also those whose making was cut short; returns how many rows are left. */
  async cleanUp(): Promise<number> {
    const own = (await this.#rows.list()).filter(({ owner }) => owner.token === this.options.token);
    for (const { id } of own) await this.#rows.delete(id);
    return this.#rows.countRows([...this.#pipelines.values()]);
  }

  async #sweep(): Promise<number> {
    const { worker } = this.options;
    const left = (await this.#rows.list()).filter(
      ({ owner, ageSeconds }) => ageSeconds > longestTestSeconds || worker.isGone(owner.worker, owner.identity),
    );
    for (const { id } of left) await this.#rows.delete(id);
    return left.length;
  }
}
