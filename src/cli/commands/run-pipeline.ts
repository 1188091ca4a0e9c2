import type { RunRequest } from '../../model/run-request.js';
import { tightenHeap } from '../../runtime/tighten-heap.js';
import { runDatabaseOptions } from '../../tasks/run/run-database-options.js';
import type { CommandContext } from '../context/context.js';
import type { CommandBody } from '../command-line/command.js';
import { blockOptions, checkBlockRange, runSettings } from '../command-line/options.js';

export const command: CommandBody = {
  arguments: [{ name: 'id', description: "the pipeline's id or name", kind: 'pipeline' }],
  options: [
    { flags: '--mode <mode>', description: 'instead of the definition’s', choices: ['realtime', 'historical'] },
    ...blockOptions,
    { flags: '--fresh', description: 'ignore the checkpoint and start over; rows are replaced' },
    { flags: '--take-over', description: 'take the pipeline from a task that still beats' },
  ],
  settings: runSettings,
  stopsGracefully: true,
  action: runPipeline,
};

interface RunPipelineOptions extends RunRequest {
  readonly id: number;
  readonly takeOver?: boolean;
}

/** A backfill would hold more garbage than blocks otherwise. */
const heapPercent = 60;

/** Runs a pipeline in the foreground as one task. */
async function runPipeline(context: CommandContext, options: RunPipelineOptions): Promise<void> {
  checkBlockRange(options);
  tightenHeap(heapPercent);
  const { settings, clock, output } = context;
  const { id, takeOver, fresh } = options;
  // SQLite's writer is a process: it starts while all else is loaded here.
  const database = await context.database(runDatabaseOptions(settings));
  const [{ runHost }, { prepareRun }, { runPipeline: run }, { warnBeforeFresh, warnAfterFresh }, { printRunResult }] =
    await Promise.all([
      import('../running/run-host.js'),
      import('../../tasks/run/prepare-run.js'),
      import('../../tasks/run/pipeline-runs.js'),
      import('../running/warn-of-old-rows.js'),
      import('../running/print-run-result.js'),
    ]);
  const host = runHost(context, database);
  const prepared = await prepareRun(host, id, options.mode);
  if (fresh === true) await warnBeforeFresh(context, database, id);
  const since = clock.monotonic();
  const result = await run(host, prepared, { request: options, takeOver });
  // Whoever stops a run shall not wait for a database that is away.
  if (fresh === true) await warnAfterFresh(context, database, result).catch(() => undefined);
  await printRunResult(output, result, clock.monotonic() - since);
}
