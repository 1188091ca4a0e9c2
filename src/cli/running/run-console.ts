import { isAbsolute, join } from 'node:path';
import type { ChainAccess, Chains, ChainUse } from '../../chain/chains.js';
import type { SourceDescription } from '../../components/component.js';
import type { Progress, Task } from '../../model/task.js';
import { combineLoggers } from '../../runtime/combined-logger.js';
import { UsageError } from '../../runtime/errors.js';
import type { Logger } from '../../runtime/logger.js';
import { openTaskLog } from '../../runtime/task-log.js';
import type { TaskLog } from '../../runtime/task-log.js';
import type { CommandContext } from '../context.js';
import { createProgressReporter } from '../progress/progress.js';
import type { ProgressReporter } from '../progress/progress.js';

/** What a run opens besides its database: the task's log, the chain, and the line that shows its progress. */
export class RunConsole {
  /** By the monotonic clock, in milliseconds. */
  readonly openedAt: number;
  readonly #context: CommandContext;
  #logger: Logger;
  #log: TaskLog | null = null;
  #chain: ChainUse | null = null;
  #progress: ProgressReporter | null = null;

  constructor(context: CommandContext) {
    this.#context = context;
    this.#logger = context.logger;
    this.openedAt = context.clock.monotonic();
  }

  /** Writes to the console and, while the task runs, to its log. */
  get logger(): Logger {
    return { log: (...line) => this.#logger.log(...line) };
  }

  /** Opens the log of a task; returns the logger that writes to it and to the console. */
  openLog(task: Task): Logger {
    const { cwd, logger, settings, secrets, statusLine, clock } = this.#context;
    const path = task.logPath ?? join(settings.logDir, `pipeline_${task.id}.log`);
    const file = isAbsolute(path) ? path : join(cwd, path);
    this.#log = openTaskLog(file, { level: settings.logLevel, secrets, console: logger });
    const combined = combineLoggers([logger, this.#log.logger]);
    this.#logger = combined;
    this.#progress = createProgressReporter({ statusLine, lang: settings.lang, clock, logger: combined });
    return combined;
  }

  /** Opens the chain of a source among those of the process; throws UsageError where no endpoint is known. */
  openChain(chains: Chains, { chain }: SourceDescription, logger: Logger): ChainAccess {
    const urls = findUrls(this.#context, chain.name);
    this.#chain = chains.open({ chainId: chain.id, urls, logger });
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
    this.#logger = this.#context.logger;
    this.#log?.close();
    this.#log = null;
  }
}

/** Finds the endpoints of a chain; throws UsageError where there are none. */
export function findUrls({ settings }: Pick<CommandContext, 'settings'>, chainName: string): readonly string[] {
  const urls = settings.rpcUrls(chainName);
  if (urls.length > 0) return urls;
  const variable = `${chainName.toUpperCase().replaceAll('-', '_')}_RPC_URL`;
  throw new UsageError(`no RPC URL is set for chain '${chainName}'`, {
    hint: `give one with --rpc-url URL, or set ${variable}`,
  });
}
