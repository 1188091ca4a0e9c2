import { isAbsolute, join } from 'node:path';
import type { ChainAccess, Chains, ChainUse, WatchEndpoints } from '../../chain/chains.js';
import { PortalHealth } from '../../chain/portal/portal-health.js';
import type { PortalUse, Portals } from '../../chain/portal/portals.js';
import type { SourceOpening } from '../../components/seam/component.js';
import type { Progress, Task } from '../../model/task.js';
import { combineLoggers } from '../../runtime/combined-logger.js';
import type { Logger } from '../../runtime/logger.js';
import { openTaskLog, type TaskLog } from '../../runtime/task-log.js';
import type { PreparedRun } from './prepare-run.js';
import type { ProgressDisplay, RunHost } from '../host/run-host.js';

/** What one run opens: its task's log, its chain, and what shows its progress. */
export class OpenedRun {
  readonly #host: RunHost;
  #logger: Logger;
  #log: TaskLog | null = null;
  #chain: ChainUse | null = null;
  #portal: PortalUse | null = null;
  #endPortalWatch: (() => Promise<void>) | null = null;
  #progress: ProgressDisplay | null = null;

  constructor(host: RunHost) {
    this.#host = host;
    this.#logger = host.logger;
  }

  /** Writes to the process's log and, while the task runs, to its own. */
  get logger(): Logger {
    return { log: (...line) => this.#logger.log(...line) };
  }

  /** Opens the log of a task that begins; returns the logger that writes to it and to the process's. */
  async openLog(task: Task): Promise<Logger> {
    const { cwd, logger, settings, secrets } = this.#host;
    const path = task.logPath ?? join(settings.logDir, `pipeline_${task.id}.log`);
    const file = isAbsolute(path) ? path : join(cwd, path);
    this.#log = await openTaskLog(file, { level: settings.logLevel, secrets, console: logger });
    const combined = combineLoggers([logger, this.#log.logger]);
    this.#logger = combined;
    this.#progress = this.#host.showProgress(task.id, about(task, combined));
    return combined;
  }

  /** Opens a run's chain among those of the process; null where no endpoint is set. */
  openChain(chains: Chains, { source, urls }: PreparedRun, logger: Logger): ChainAccess | null {
    this.#chain = urls.length === 0 ? null : chains.open({ chainId: source.chain.id, urls, logger });
    return this.#chain;
  }

  /** Opens a run's portal among those of the process, where it reads one; `watch` looks at what is all that the run has of its chain. */
  openPortal(
    portals: Portals,
    { source, urls }: PreparedRun,
    watch: WatchEndpoints,
  ): Pick<SourceOpening, 'portal' | 'portalHealth'> {
    if (!source.readsPortal) return { portal: null };
    this.#portal = portals.open(this.#host.settings.portalUrl);
    const { client } = this.#portal;
    if (urls.length > 0) return { portal: client };
    const health = new PortalHealth(client.host, this.#host.clock);
    this.#endPortalWatch = watch(source.chain.id, () => [health.report()]);
    return { portal: client, portalHealth: health };
  }

  show(progress: Progress, beatAt: () => number | null): void {
    this.#progress?.update(progress, beatAt);
  }

  /** Closes all; may be called twice. */
  async close(): Promise<void> {
    this.#progress?.end();
    this.#progress = null;
    await Promise.all([this.#chain?.close(), this.#portal?.close(), this.#endPortalWatch?.()]);
    this.#chain = null;
    this.#portal = null;
    this.#endPortalWatch = null;
    this.#logger = this.#host.logger;
    this.#log?.close();
    this.#log = null;
  }
}

/** Returns a logger whose lines name a task: a worker tells of many. */
function about({ id, pipelineId }: Task, logger: Logger): Logger {
  return {
    log: (level, message, fields) => logger.log(level, message, { ...fields, task_id: id, pipeline_id: pipelineId }),
  };
}
