import type { Chains } from '../../chain/chains.js';
import type { PipelineSource } from '../../components/source-of.js';
import type { Database } from '../../database/database.js';
import { requireMigrated } from '../../database/schema/migrator.js';
import { PipelineStore } from '../../database/pipelines/pipeline-store.js';
import { WorkerStore } from '../../database/operations/worker-store.js';
import { TaskQueue, type QueuedTask } from '../../database/tasks/task-queue.js';
import { TaskStore } from '../../database/tasks/task-store.js';
import type { Pipeline } from '../../model/pipeline.js';
import type { Task } from '../../model/task.js';
import { LeaseHeldError, NeedsRewindError, NotFoundError, UsageError } from '../../runtime/errors.js';
import { BeatRounds } from '../../tasks/beat-rounds.js';
import { QueueWorker, type QueuedOutcome } from '../../tasks/queue-worker.js';
import { runTask } from '../../tasks/run-task.js';
import { WorkerPresence } from '../../tasks/worker-presence.js';
import type { CommandContext } from '../context.js';
import { openChains } from '../running/open-chains.js';
import { abortLater, checkEndpoints, checkRunnable, runDatabaseOptions, taskOptions } from '../running/prepare-run.js';
import { printRunResult } from '../running/print-run-result.js';
import { findUrls, RunConsole } from '../running/run-console.js';
import { thisProcess } from '../this-process.js';
import { watchRun, type LivenessWatch } from '../running/watch-liveness.js';

interface WorkerOptions {
  readonly concurrency?: number;
}

const defaultConcurrency = 4;

/** Runs queued tasks, some at a time, until the command is asked to stop. */
export async function work(context: CommandContext, options: WorkerOptions): Promise<void> {
  const { settings, clock, logger, secrets, signals } = context;
  const { concurrency = defaultConcurrency } = options;
  const database = await context.database(runDatabaseOptions(settings));
  await requireMigrated(database);
  const liveness = await watchRun(context, database, logger);
  const queue = new TaskQueue(database, settings.heartbeatIntervalSeconds);
  const { name } = thisProcess();
  const runs = new QueuedRuns({ ...context, statusLine: undefined }, { database, queue, liveness });
  const worker = new QueueWorker({
    ...{ queue, concurrency, clock, logger, name },
    presence: new WorkerPresence({ store: new WorkerStore(database), name, concurrency, clock }),
    run: (task) => runs.run(task),
    mask: (text) => secrets.mask(text),
    stopping: signals.stopping,
  });
  const message = `the worker ${name} runs queued tasks, ${concurrency} at a time`;
  logger.log('info', message, { event: 'worker.started', concurrency });
  await worker.run().finally(() => liveness.close());
}

interface QueuedRunsParts {
  readonly database: Database;
  readonly queue: TaskQueue;
  readonly liveness: LivenessWatch;
}

/** Runs tasks of the queue in this process: they share its beats and its connections to chains. */
class QueuedRuns {
  readonly #context: CommandContext;
  readonly #parts: QueuedRunsParts;
  readonly #rounds: BeatRounds;
  readonly #chains: Chains;

  constructor(context: CommandContext, parts: QueuedRunsParts) {
    const { clock } = context;
    this.#context = context;
    this.#parts = parts;
    this.#rounds = new BeatRounds({ tasks: new TaskStore(parts.database), clock });
    this.#chains = openChains(context, parts.database, parts.liveness);
  }

  /** Runs a task; throws what it failed with once it was claimed. */
  async run(task: QueuedTask): Promise<QueuedOutcome> {
    let prepared: PreparedRun;
    try {
      prepared = await this.#prepare(task);
    } catch (error) {
      if (error instanceof UsageError || error instanceof NotFoundError) return { unfit: error.message };
      throw error;
    }
    // Claimed now, it would end at once, and wait no more.
    if (this.#context.signals.stopping.aborted) return 'taken';
    return this.#execute(task, prepared);
  }

  async #prepare({ pipelineId }: QueuedTask): Promise<PreparedRun> {
    // A worker lives for long: a newer version may have migrated since, or the time zone was changed.
    await requireMigrated(this.#parts.database);
    const pipeline = await new PipelineStore(this.#parts.database).get(pipelineId);
    const source = checkRunnable(pipeline, this.#context);
    checkEndpoints(findUrls(this.#context, source.chain.name), source);
    return { pipeline, source };
  }

  async #execute({ taskId }: QueuedTask, { pipeline, source }: PreparedRun): Promise<QueuedOutcome> {
    const { database, queue, liveness } = this.#parts;
    const { clock, output, signals } = this.#context;
    const console = new RunConsole(this.#context);
    const ended = new AbortController();
    let begun = null as Task | null;
    try {
      const result = await runTask({
        ...taskOptions(this.#context, await queue.request(taskId), pipeline, source),
        ...{ database, queuedTaskId: taskId, takeOver: false, rounds: this.#rounds, observe: liveness.observe },
        begin: async (task) => {
          begun = task;
          const logger = console.openLog(task);
          return { source: await source.open({ chain: console.openChain(this.#chains, source, logger) }), logger };
        },
        onProgress: (progress, beatAt) => console.show(progress, beatAt),
        signal: abortLater(clock, signals.stopping, ended.signal),
      });
      await printRunResult(output, result, clock.monotonic() - console.openedAt, true);
      return 'ran';
    } catch (error) {
      if (begun !== null) throw error;
      if (error instanceof LeaseHeldError) return 'taken';
      if (error instanceof NeedsRewindError) return { unfit: error.message };
      throw error;
    } finally {
      ended.abort(new Error('the run has ended'));
      await console.close();
    }
  }
}

interface PreparedRun {
  readonly pipeline: Pipeline;
  readonly source: PipelineSource;
}
