import { requireMigrated } from '../../database/schema/migrator.js';
import { PipelineStore } from '../../database/pipelines/pipeline-store.js';
import type { RunRequest } from '../../model/run-request.js';
import { UsageError } from '../../runtime/errors.js';
import { runTask } from '../../tasks/run-task.js';
import type { CommandContext } from '../context.js';
import { openChains } from '../running/open-chains.js';
import { abortLater, checkEndpoints, checkRunnable, runDatabaseOptions, taskOptions } from '../running/prepare-run.js';
import { printRunResult } from '../running/print-run-result.js';
import { warnAfterFresh, warnBeforeFresh } from '../running/warn-of-old-rows.js';
import { findUrls, RunConsole } from '../running/run-console.js';
import { tightenHeap } from '../tighten-heap.js';
import { watchRun } from '../running/watch-liveness.js';

interface RunPipelineOptions extends RunRequest {
  readonly id: number;
  readonly takeOver?: boolean;
}

/** Runs a pipeline in the foreground as one task. */
export async function runPipeline(context: CommandContext, options: RunPipelineOptions): Promise<void> {
  checkRange(options);
  tightenHeap();
  const { settings, clock, signals } = context;
  const database = await context.database(runDatabaseOptions(settings));
  await requireMigrated(database);
  const pipeline = await new PipelineStore(database).get(options.id);
  const source = checkRunnable(pipeline, context);
  checkEndpoints(findUrls(context, source.chain.name), source);
  if (options.fresh === true) await warnBeforeFresh(context, database, pipeline.id);
  const console = new RunConsole(context);
  const liveness = await watchRun(context, database, console.logger);
  const chains = openChains(context, database, liveness);
  const ended = new AbortController();
  try {
    const result = await runTask({
      ...taskOptions(context, options, pipeline, source),
      takeOver: options.takeOver === true,
      database,
      begin: async (task) => {
        const logger = console.openLog(task);
        return { source: await source.open({ chain: console.openChain(chains, source, logger) }), logger };
      },
      observe: liveness.observe,
      onProgress: (progress, beatAt) => console.show(progress, beatAt),
      signal: abortLater(clock, signals.stopping, ended.signal),
    }).finally(() => liveness.close());
    await console.close();
    // Whoever stops a run shall not wait for a database that is away.
    if (options.fresh === true) await warnAfterFresh(context, database, result).catch(() => undefined);
    await printRunResult(context.output, result, clock.monotonic() - console.openedAt);
  } finally {
    ended.abort();
    await console.close();
  }
}

function checkRange({ fromBlock, toBlock }: RunPipelineOptions): void {
  if (fromBlock === undefined || toBlock === undefined || fromBlock <= toBlock) return;
  throw new UsageError(`--from-block ${fromBlock} lies behind --to-block ${toBlock}`);
}
