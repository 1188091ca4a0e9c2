import { hintIn, messageOf } from '../../runtime/errors.js';
import type { Logger } from '../../runtime/logger.js';
import { heartbeatFailed, heartbeatSent, writeLine } from '../../texts/log-lines.js';
import type { Lang } from '../../runtime/lang.js';
import type { Observe } from '../../model/liveness-event.js';

export interface HeartbeatReportOptions {
  readonly taskId: number;
  readonly pipelineId: number;
  /** The shard of its pipeline's history that the task reads; left out: it is the pipeline's own. */
  readonly shard?: number | undefined;
  readonly logger: Logger;
  readonly lang: Lang;
  readonly observe: Observe;
}

/** How rarely is told again that the work waits for the database, in milliseconds. */
const retellMs = 60_000;

/** Tells people, in the log, and observers what becomes of a task's beats. */
export class HeartbeatReport {
  readonly #options: HeartbeatReportOptions;
  readonly #name: { readonly taskId: number; readonly pipelineId: number };
  /** For how long the work had waited when that was told last, in milliseconds. */
  #waitToldMs = -Infinity;

  constructor(options: HeartbeatReportOptions) {
    this.#options = options;
    this.#name = { taskId: options.taskId, pipelineId: options.pipelineId };
  }

  landed(latencyMs: number): void {
    const { logger, lang, observe } = this.#options;
    writeLine(logger, heartbeatSent(lang, this.#name));
    observe({ kind: 'beat_landed', ...this.#name, latencyMs });
  }

  /** A commit has renewed the lease, after beats that had failed. */
  renewedAgain(): void {
    this.#options.observe({ kind: 'renewed_again', ...this.#name });
  }

  refused(): void {
    this.#options.observe({ kind: 'beat_refused', ...this.#name });
  }

  /** A try failed, of so many beats in a row that were due and have failed. */
  failed(cause: Error, failures: number): void {
    const { logger, lang, observe } = this.#options;
    const error = messageOf(cause);
    writeLine(logger, heartbeatFailed(lang, this.#name, error));
    observe({ kind: 'beat_failed', ...this.#name, failures, error });
  }

  /** The database has failed the work for so long: told at once, and then seldom. */
  waits(cause: Error, waitedMs: number): void {
    if (waitedMs - this.#waitToldMs < retellMs) return;
    this.#waitToldMs = waitedMs;
    const seconds = Math.round(waitedMs / 1_000);
    const fields = { event: 'task.waits', task_id: this.#name.taskId, waited_seconds: seconds };
    const message = `waiting for the database, for ${seconds} s by now: ${messageOf(cause)}${hintIn(cause)}`;
    this.#options.logger.log('warn', message, fields);
  }

  goesOn(waitedMs: number): void {
    this.#waitToldMs = -Infinity;
    const seconds = Math.round(waitedMs / 1_000);
    const fields = { event: 'task.goes_on', task_id: this.#name.taskId, waited_seconds: seconds };
    this.#options.logger.log('info', `the database lets the work go on, after ${seconds} s`, fields);
  }

  stalled(stillSeconds: number): void {
    const { logger, observe, shard } = this.#options;
    const { taskId } = this.#name;
    const fields = { event: 'task.stalled', task_id: taskId, still_seconds: stillSeconds };
    logger.log('warn', `nothing has moved for ${stillSeconds} s: task ${taskId} stops beating`, fields);
    observe({ kind: 'stalled', ...this.#name, stillSeconds, ...(shard === undefined ? {} : { shard }) });
  }

  movedAgain(): void {
    this.#options.observe({ kind: 'moved_again', ...this.#name });
  }
}
