import { isAbsolute, join } from 'node:path';
import { Chains, type WatchEndpoints } from '../../chain/chains.js';
import { Portals } from '../../chain/portal/portals.js';
import { EndpointStore } from '../../database/operations/endpoint-store.js';
import type { Asked } from '../../database/tasks/task-queue.js';
import { TaskStore } from '../../database/tasks/task-store.js';
import { originOf } from '../../model/event-origin.js';
import type { Shard } from '../../model/shard.js';
import type { RunRequest } from '../../model/run-request.js';
import type { Task } from '../../model/task.js';
import { abortLater } from '../../runtime/give-up-later.js';
import { watchRuns, type LivenessWatch } from '../host/watch-liveness.js';
import type { OutageWatch } from '../monitor/outage-watch.js';
import { openableSinks, type OpeningParts } from '../outbox/openable-sink.js';
import { BeatRounds } from './beat-rounds.js';
import { ClaimRounds } from './claim-rounds.js';
import { HandOverRounds } from './hand-over-rounds.js';
import { reportEndpoints } from './endpoint-reports.js';
import { OpenedRun } from './opened-run.js';
import type { PreparedRun } from './prepare-run.js';
import type { RunHost } from '../host/run-host.js';
import { runTask } from './run-task.js';
import type { BegunRun, TaskOptions, TaskResult } from './task-options.js';

/** What is asked of one run. */
export interface RunOrder {
  readonly request: RunRequest;
  readonly takeOver?: boolean | undefined;
  /** The task that has waited and begins now; left out: a new one is made. */
  readonly queuedTaskId?: number | undefined;
  /** What that task was found to be asked, which the claim finds to be so still. */
  readonly asked?: Asked | undefined;
  /** What it reads of the pipeline's history; left out: it is the pipeline's own task. */
  readonly shard?: Shard | undefined;
  /** A run that is told to stop leaves a task behind that goes on with it. */
  readonly handsOver?: boolean | undefined;
  /** Aborted when this run shall end soon; left out: when all of the process shall. */
  readonly stopping?: AbortSignal | undefined;
  /** Called once the task has begun. */
  readonly onBegin?: (task: Task) => void;
}

/** How long calls in the air may still take once a run shall stop, in milliseconds. */
const graceMs = 3_000;

/** Runs pipelines as tasks of this process: they share its beats and its connections to chains. */
export class PipelineRuns {
  readonly #host: RunHost;
  readonly #watch: LivenessWatch;
  readonly #outages: OutageWatch | undefined;
  readonly #rounds: BeatRounds;
  readonly #claims: ClaimRounds;
  readonly #handOvers: HandOverRounds;
  readonly #chains: Chains;
  readonly #portals: Portals;
  readonly #watchEndpoints: WatchEndpoints;

  /** `outages`: says whether the silence of other processes' tasks means anything; left out: it does. */
  constructor(host: RunHost, watch: LivenessWatch, outages?: OutageWatch) {
    const { database, clock, worker } = host;
    this.#host = host;
    this.#watch = watch;
    this.#outages = outages;
    const tasks = new TaskStore(database, worker);
    this.#rounds = new BeatRounds({ tasks, clock });
    this.#claims = new ClaimRounds(tasks);
    this.#handOvers = new HandOverRounds(tasks);
    this.#watchEndpoints = watchEndpoints(host);
    this.#chains = openChains(host, watch, this.#watchEndpoints);
    this.#portals = new Portals(host.clock);
  }

  /** Runs a pipeline to its end; throws what `runTask` throws. `opened` is the caller's to close. */
  async run(prepared: PreparedRun, order: RunOrder, opened: OpenedRun): Promise<TaskResult> {
    const { clock } = this.#host;
    const { stopping = this.#host.stopping } = order;
    const reason = (): Error => stopping.reason as Error;
    const late = abortLater({ clock, after: stopping, delayMs: graceMs, reason });
    const options: TaskOptions = {
      ...taskOptions(this.#host, prepared, order),
      stopping,
      outages: this.#outages,
      rounds: this.#rounds,
      claims: this.#claims,
      handOvers: this.#handOvers,
      observe: this.#watch.observe,
      begin: async (task) => {
        order.onBegin?.(task);
        const logger = await opened.openLog(task);
        const chain = opened.openChain(this.#chains, prepared, logger);
        const portal = opened.openPortal(this.#portals, prepared, this.#watchEndpoints);
        const delivery = order.shard !== undefined ? undefined : deliveryOf(this.#host, prepared, { chain, logger });
        return { source: await prepared.source.open({ chain, ...portal }), logger, delivery };
      },
      onProgress: (progress, beatAt) => opened.show(progress, beatAt),
      signal: late.signal,
    };
    return await runTask(options).finally(late.callOff);
  }
}

/** Runs one pipeline in a process that does nothing else. Throws what `runTask` throws. */
export async function runPipeline(host: RunHost, prepared: PreparedRun, order: RunOrder): Promise<TaskResult> {
  const opened = new OpenedRun(host);
  const watch = await watchRuns(host, opened.logger);
  try {
    return await new PipelineRuns(host, watch).run(prepared, order, opened).finally(() => watch.close());
  } finally {
    await opened.close();
  }
}

/** What a task needs beside what it opens: the settings, and what was asked of it. */
function taskOptions(
  { settings, database, clock, secrets, worker, timeoutMinutes }: RunHost,
  { pipeline, source, sinks }: PreparedRun,
  { request, takeOver = false, handsOver = false, queuedTaskId, asked, shard }: RunOrder,
): Omit<TaskOptions, 'begin' | 'onProgress' | 'signal' | 'stopping'> {
  return {
    ...{ database, clock, worker, takeOver, handsOver, queuedTaskId, asked, shard },
    fingerprint: source.fingerprint(),
    pipelineId: pipeline.id,
    chainId: source.chain.id,
    heartbeatIntervalSeconds: settings.heartbeatIntervalSeconds,
    stallAfterSeconds: settings.stallAfterSeconds,
    // NULL: the monitor's own setting.
    timeoutMinutes: timeoutMinutes ?? pipeline.timeoutMinutes,
    logPathPrefix: join(settings.logDir, 'pipeline_'),
    // Who stands behind the source may have to be told of what is taken away.
    keepsRemoved: sinks.length > 0,
    run: shard === undefined ? requestOf(request) : { mode: 'historical', toBlock: shard.toBlock },
    mode: shard === undefined ? (request.mode ?? source.mode) : 'historical',
    lang: settings.lang,
    mask: (text) => secrets.mask(text),
  };
}

/** What was asked of a run, without what else its caller was given. */
function requestOf({ mode, fromBlock, toBlock, fresh, deliverOnly }: RunRequest): RunRequest {
  return { mode, fromBlock, toBlock, fresh, deliverOnly };
}

/** What delivers what a run stores; a pipeline without sinks has nothing of it. */
function deliveryOf(
  host: RunHost,
  { pipeline, source, sinks }: PreparedRun,
  opening: Pick<OpeningParts, 'chain' | 'logger'>,
): BegunRun['delivery'] {
  if (sinks.length === 0) return undefined;
  const { dataDir } = host.settings;
  const dataFolder = isAbsolute(dataDir) ? dataDir : join(host.cwd, dataDir);
  const parts = { ...opening, host, pipelineId: pipeline.id, dataFolder };
  return { sinks: openableSinks(sinks, parts), origin: originOf(pipeline.id, source.chain) };
}

/** The database hears how endpoints are. */
function watchEndpoints({ clock, secrets, database, worker }: RunHost): WatchEndpoints {
  return reportEndpoints({
    ...{ store: new EndpointStore(database), worker, clock },
    mask: (text) => secrets.mask(text),
  });
}

/** The chains of a process: metrics count their requests. */
function openChains(
  { clock, settings }: RunHost,
  { observeChain }: LivenessWatch,
  watchEndpoints: WatchEndpoints,
): Chains {
  const { maxRequests, requestsPerSecond } = settings;
  return new Chains({
    ...{ clock, observe: observeChain, watchEndpoints },
    doubtMs: settings.doubtSeconds * 1_000,
    load: { maxRequests, requestsPerSecond },
  });
}
