import type { RunRequest } from '../../model/run-request.js';
import { UsageError } from '../../runtime/errors.js';
import { tightenHeap } from '../../runtime/tighten-heap.js';
import { runDatabaseOptions } from '../../tasks/run/run-database-options.js';
import type { CommandContext } from '../context/context.js';
import type { CommandBody } from '../command-line/command.js';
import { runSettings } from '../command-line/options.js';

export const command: CommandBody = {
  arguments: [{ name: 'id', description: "the pipeline's id or name", kind: 'pipeline' }],
  options: [
    { flags: '--mode <mode>', description: 'instead of the definition’s', choices: ['realtime', 'historical'] },
    { flags: '--from-block <n>', description: 'first block, inclusive', kind: 'number' },
    { flags: '--to-block <n>', description: 'last block, inclusive', kind: 'number' },
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
  checkRange(options);
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

function checkRange({ fromBlock, toBlock }: RunPipelineOptions): void {
  if (fromBlock === undefined || toBlock === undefined || fromBlock <= toBlock) return;
  throw new UsageError(`--from-block ${fromBlock} lies behind --to-block ${toBlock}`);
}
