import { isAbsolute, join } from 'node:path';
import type { ChainAccess, Chains, ChainUse } from '../../chain/chains.js';
import type { Progress, Task } from '../../model/task.js';
import { combineLoggers } from '../../runtime/combined-logger.js';
import type { Logger } from '../../runtime/logger.js';
import { openTaskLog, type TaskLog } from '../../runtime/task-log.js';
import type { PreparedRun } from './prepare-run.js';
import type { ProgressDisplay, RunHost } from './run-host.js';

/** What one run opens: its task's log, its chain, and what shows its progress. */
export class OpenedRun {
  readonly #host: RunHost;
  #logger: Logger;
  #log: TaskLog | null = null;
  #chain: ChainUse | null = null;
  #progress: ProgressDisplay | null = null;

  constructor(host: RunHost) {
    this.#host = host;
    this.#logger = host.logger;
  }

  /** Writes to the process's log and, while the task runs, to its own. */
  get logger(): Logger {
    return { log: (...line) => this.#logger.log(...line) };
  }

  /** Opens the log of a task; returns the logger that writes to it and to the process's. */
  openLog(task: Task): Logger {
    const { cwd, logger, settings, secrets } = this.#host;
    const path = task.logPath ?? join(settings.logDir, `pipeline_${task.id}.log`);
    const file = isAbsolute(path) ? path : join(cwd, path);
    this.#log = openTaskLog(file, { level: settings.logLevel, secrets, console: logger });
    const combined = combineLoggers([logger, this.#log.logger]);
    this.#logger = combined;
    this.#progress = this.#host.showProgress(combined);
    return combined;
  }

  /** Opens a run's chain among those of the process. */
  openChain(chains: Chains, { source, urls }: PreparedRun, logger: Logger): ChainAccess {
    this.#chain = chains.open({ chainId: source.chain.id, urls, logger });
    return this.#chain;
  }

  show(progress: Progress, beatAt: number | null): void {
    this.#progress?.update(progress, beatAt ?? undefined);
  }

  /** Closes all; may be called twice. */
  async close(): Promise<void> {
    this.#progress?.end();
    this.#progress = null;
    await this.#chain?.close();
    this.#chain = null;
    this.#logger = this.#host.logger;
    this.#log?.close();
    this.#log = null;
  }
}
