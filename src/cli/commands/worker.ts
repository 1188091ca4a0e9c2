import { hostname } from 'node:os';
import { requireMigrated } from '../../database/schema/migrator.js';
import { WorkerStore } from '../../database/operations/worker-store.js';
import { probeDatabase } from '../../database/tasks/database-probe.js';
import { EndStore } from '../../database/pipelines/end-store.js';
import { WantedStore } from '../../database/pipelines/wanted-store.js';
import { TaskQueue } from '../../database/tasks/task-queue.js';
import { TimeoutStore } from '../../database/tasks/timeout-store.js';
import { tightenHeap } from '../../runtime/tighten-heap.js';
import { outageWatch, watchRuns } from '../../tasks/host/watch-liveness.js';
import { EvenOut } from '../../tasks/fleet/even-out.js';
import { FairShare } from '../../tasks/fleet/fair-share.js';
import { KeepRunning } from '../../tasks/fleet/keep-running.js';
import { followDelivery, listServed } from '../../tasks/fleet/queue-delivery.js';
import { readVerdict } from '../../tasks/fleet/read-verdict.js';
import { QueueWorker } from '../../tasks/fleet/queue-worker.js';
import { QueuedRuns } from '../../tasks/fleet/queued-runs.js';
import { Schedules } from '../../tasks/fleet/schedules.js';
import { WorkerPresence } from '../../tasks/fleet/worker-presence.js';
import { PipelineRuns } from '../../tasks/run/pipeline-runs.js';
import { runDatabaseOptions } from '../../tasks/run/run-database-options.js';
import { textsIn } from '../../texts/texts.js';
import type { CommandContext } from '../context/context.js';
import { printRunResult } from '../running/print-run-result.js';
import { runHost } from '../running/run-host.js';
import type { CommandBody } from '../command-line/command.js';
import { runSettings } from '../command-line/options.js';

export const command: CommandBody = {
  options: [{ flags: '--concurrency <n>', description: 'tasks at one time; 4 where left out', kind: 'id' }],
  settings: runSettings,
  stopsGracefully: true,
  action: work,
};

interface WorkerOptions {
  readonly concurrency?: number;
}

const defaultConcurrency = 4;
/** With so many tasks, or more, most of a worker's memory is what they keep while they wait: garbage is looked for before it is as much. */
const manyTasks = 100;
const heapPercent = 25;

/** Runs queued tasks, some at a time, and keeps started pipelines running, until the command is asked to stop. */
async function work(context: CommandContext, options: WorkerOptions): Promise<void> {
  const { settings, clock, logger, secrets, signals, service, output } = context;
  const texts = textsIn(settings.lang).services;
  const { concurrency = defaultConcurrency } = options;
  if (concurrency >= manyTasks) tightenHeap(heapPercent);
  const database = await context.database(runDatabaseOptions(settings));
  await requireMigrated(database);
  // Many runs, one terminal: each writes its progress to the log.
  const host = runHost({ ...context, statusLine: undefined }, database);
  const outages = outageWatch(host);
  const watch = await watchRuns(host, logger, outages);
  const queue = new TaskQueue(database, settings.heartbeatIntervalSeconds);
  const { name } = host.worker;
  const queued = new QueuedRuns({
    ...{ host, queue, runs: new PipelineRuns(host, watch, outages) },
    tell: (result, durationMs) => printRunResult(output, result, durationMs, true),
  });
  const ended = new AbortController();
  const mask = (text: string): string => secrets.mask(text);
  const stopping = AbortSignal.any([signals.stopping, ended.signal]);
  const schedules = new Schedules(database);
  const timeouts = new TimeoutStore(database);
  const store = new WorkerStore(database);
  const presence = new WorkerPresence({
    ...{ store, clock, name, concurrency },
    ...{ host: hostname(), identity: host.worker.identity, version: host.version, chains: settings.rpcChains },
  });
  const keep = new KeepRunning({
    store: new WantedStore(database, settings.heartbeatIntervalSeconds),
    ends: new EndStore(database, settings.heartbeatIntervalSeconds),
    judge: (end) => readVerdict(database, schedules, end),
    followDelivery: (end) => followDelivery(database, end, settings.heartbeatIntervalSeconds),
    listServed: (id) => listServed(database, id),
    keepTimes: () => schedules.keep(),
    probe: () => probeDatabase(database),
    takeBackAhead: () => timeouts.takeBackAhead(),
    beat: () => presence.beat(),
    ...{ outages, clock, logger, mask, stopping },
  });
  const worker = new QueueWorker({
    ...{ queue, presence, outages, concurrency, clock, logger, name },
    share: new FairShare({ store, presence, clock }),
    run: (task, claimed) => queued.run(task, claimed).finally(() => keep.poke()),
    mask,
    turned: (running, isAway) => service.turned(texts.worker(running, concurrency, isAway)),
    stopping: signals.stopping,
  });
  const evenOut = new EvenOut({ store, presence, held: () => queued.held, clock, logger, stopping });
  const message = `the worker ${name} runs queued tasks, ${concurrency} at a time`;
  logger.log('info', message, { event: 'worker.started', concurrency });
  const keeping = Promise.all([keep.run(), evenOut.run()]);
  await worker.run().finally(async () => {
    ended.abort(new Error('the worker has ended'));
    await Promise.all([watch.close(), keeping]);
  });
}
