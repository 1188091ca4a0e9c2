import { TaskStore } from '../../../src/database/tasks/task-store.js';
import { LeaseHeldError } from '../../../src/runtime/errors.js';
import { silentLogger } from '../../../src/runtime/logger.js';
import { BeatRounds } from '../../../src/tasks/run/beat-rounds.js';
import type { Claimant } from '../../../src/tasks/lease/claim-task.js';
import { runTask } from '../../../src/tasks/run/run-task.js';
import type { TaskOptions } from '../../../src/tasks/run/task-options.js';
import type { Run } from './history.js';
import type { PlannedStart } from './planned-process.js';
import type { SimProcess } from './sim-process.js';
import { SimSource } from './sim-source.js';
import type { World } from './world.js';

/** How often a process tries again where another holds the lease. */
const tries = 3;

/** How long calls in the air may still take once a run shall stop, as the program has it, in milliseconds. */
const graceMs = 3_000;

/** A simulated `run-pipeline`: one process that runs one pipeline or two, by the program's own code. */
export class SimWorker {
  readonly process: SimProcess;
  readonly host: string;
  readonly #world: World;
  readonly #start: PlannedStart;
  readonly #stopping = new AbortController();
  readonly #signal = new AbortController();
  #hangsUntil = -Infinity;

  constructor(world: World, start: PlannedStart, name: string) {
    this.#world = world;
    this.#start = start;
    this.host = start.host;
    this.process = world.start(name, start.skewMs);
  }

  /** Begins to run; `others` are the processes that it may find gone. */
  begin(others: readonly SimWorker[]): void {
    const { engine, databases, network, plan } = this.#world;
    const database = databases.open(engine, this.process, network, {
      statementTimeoutMs: Math.min(60_000, Math.max(10_000, plan.intervalMs)),
      beatTimeoutMs: Math.min(30_000, Math.max(1_000, plan.intervalMs)),
    });
    const rounds = new BeatRounds({ tasks: new TaskStore(database), clock: this.process.clock });
    for (const pipeline of this.#start.pipelines) {
      void this.#keepTrying(pipeline, { database, rounds }, others);
    }
  }

  /** The node hangs for a while: no call comes back. After the stall limit that is to be seen. */
  hang(forMs: number): void {
    const { timeline, troubles, plan } = this.#world;
    this.#hangsUntil = Math.max(this.#hangsUntil, timeline.now + forMs);
    const visibleMs = Math.max(0, plan.stallAfterMs - plan.blockMs);
    if (visibleMs < forMs)
      timeline.after(visibleMs, () => troubles.begin(this.process.name, timeline.now)(this.#hangsUntil));
  }

  /** SIGTERM: taken when the process can run. */
  terminate(): void {
    this.process.deliver(() => {
      this.#stopping.abort(new Error('terminated'));
      this.process.timer(graceMs, () => this.#signal.abort(new Error('terminated')));
    });
  }

  async #keepTrying(
    pipeline: number,
    shared: Pick<TaskOptions, 'database'> & { readonly rounds: BeatRounds },
    others: readonly SimWorker[],
  ): Promise<void> {
    for (let attempt = 1; attempt <= tries; attempt++) {
      const name = `${this.process.name}.${attempt}`;
      const run: Run = {
        worker: name,
        process: this.process,
        pipeline,
        taskId: null,
        settledAt: Infinity,
        outcome: null,
        task: null,
      };
      this.#world.runs.push(run);
      const isHeld = await this.#run(run, { ...shared, worker: this.#worker(name, others) });
      if (!isHeld) return;
      await this.process.clock.sleep(this.#world.plan.intervalMs);
    }
  }

  /** Says whether the lease was held by another. */
  async #run(run: Run, shared: Pick<TaskOptions, 'database' | 'worker' | 'rounds'>): Promise<boolean> {
    const settle = (outcome: string): void => {
      run.settledAt = this.#world.timeline.now;
      run.outcome = outcome;
      this.#world.trace(`${run.worker} ends: ${outcome}`);
    };
    try {
      run.task = (await runTask({ ...this.#options(run), ...shared })).task;
      settle('done');
    } catch (error) {
      settle((error as Error).name);
      if (error instanceof LeaseHeldError) return true;
      if (!expected.has((error as Error).name)) this.#world.surprises.push(`${run.worker}: ${String(error)}`);
    }
    return false;
  }

  #options(run: Run): Omit<TaskOptions, 'database' | 'worker' | 'rounds'> {
    const { plan, chain, random, timeline, trace } = this.#world;
    return {
      pipelineId: run.pipeline,
      chainId: 1,
      run: {},
      mode: 'realtime',
      lang: 'en',
      clock: this.process.clock,
      heartbeatIntervalSeconds: plan.intervalMs / 1_000,
      stallAfterSeconds: plan.stallAfterMs / 1_000,
      timeoutMinutes: plan.taskTimeoutSeconds === null ? null : plan.taskTimeoutSeconds / 60,
      logPathPrefix: 'logs/pipeline_',
      takeOver: this.#start.takeOver,
      keepsRemoved: plan.hasSinks,
      begin: (task) => {
        run.taskId = task.id;
        trace(`${run.worker} runs pipeline ${run.pipeline} as task ${task.id}`);
        const { blockMs } = plan;
        const source = new SimSource({
          chain,
          random,
          blockMs,
          now: () => timeline.now,
          hangsForMs: () => this.#hangsUntil - timeline.now,
        });
        return Promise.resolve({ source, logger: silentLogger });
      },
      onProgress: () => undefined,
      mask: (text) => text,
      stopping: this.#stopping.signal,
      signal: this.#signal.signal,
    };
  }

  /** A process knows that another is gone only where both ran on one host. */
  #worker(name: string, others: readonly SimWorker[]): Claimant {
    const gone = (other: string): boolean =>
      others.some(
        ({ process, host }) => host === this.host && process.hasCrashed && other.startsWith(`${process.name}.`),
      );
    return { name, identity: null, isGone: gone };
  }
}

/** What a run may end with that lost its lease, or its database, or was stopped. */
const expected = new Set(['LeaseLostError', 'LeaseHeldError', 'DatabaseUnreachableError', 'FenceError']);
