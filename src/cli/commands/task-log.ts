import { resolve } from 'node:path';
import { TaskStore } from '../../database/tasks/task-store.js';
import { taskStatus, type Task } from '../../model/task.js';
import { DatabaseUnreachableError, RuntimeFailure, type ExitCode } from '../../runtime/errors.js';
import type { CommandContext } from '../context.js';
import { LineSplitter } from '../../runtime/line-splitter.js';
import { LogTail } from '../../runtime/log-tail.js';
import { renderLogLine } from '../terminal/render-log-line.js';
import { stopCode } from '../stop-code.js';
import { withDatabase } from '../with-database.js';

interface LogOptions {
  readonly id: number;
  readonly follow?: boolean;
  readonly lines?: number;
}

/** How long to wait for more lines, in milliseconds. */
const pollMs = 500;

/** How long a process that has ended its task may still write its last lines, in milliseconds. */
const farewellMs = 1_000;

/** Prints a task's log, and what is added to it until the task has ended or the command is asked to stop. */
export function printTaskLog(context: CommandContext, options: LogOptions): Promise<ExitCode> {
  return withDatabase(context, async (database) => {
    const store = new TaskStore(database);
    const task = await store.get(options.id);
    const log = await openLog(context, task, options.lines);
    const printer = new LogPrinter(context, log);
    try {
      await printer.print();
      if (options.follow === true) await follow(context, printer, () => hasEnded(store, task.id));
      await printer.finish();
    } finally {
      await log.close();
    }
    const { stopping } = context.signals;
    return stopping.aborted && options.follow !== true ? stopCode(stopping) : 0;
  });
}

async function openLog({ cwd }: CommandContext, task: Task, lines: number | undefined): Promise<LogTail> {
  if (task.logPath === null) {
    throw new RuntimeFailure(`task ${task.id} has no log`, { hint: `chainparse tasks show ${task.id}` });
  }
  const log = await LogTail.open(resolve(cwd, task.logPath), lines);
  if (log !== undefined) return log;
  const where = task.worker === null ? '' : `, on ${task.worker}`;
  throw new RuntimeFailure(`the log of task ${task.id} is not there: ${resolve(cwd, task.logPath)}`, {
    hint: `look in the folder in which the task was started${where}`,
  });
}

async function follow(
  { clock, signals }: CommandContext,
  printer: LogPrinter,
  ended: () => Promise<boolean>,
): Promise<void> {
  const { stopping } = signals;
  let isOver = await ended();
  while (!isOver && !stopping.aborted) {
    await clock.sleep(pollMs, stopping).catch(() => undefined);
    isOver = await ended();
    if (isOver) await clock.sleep(farewellMs, stopping).catch(() => undefined);
    await printer.print();
  }
  await printer.print();
}

/** A database that is away says nothing about the task: its log goes on. */
async function hasEnded(store: TaskStore, id: number): Promise<boolean> {
  try {
    const { status } = await store.get(id);
    return status !== taskStatus.running && status !== taskStatus.queued;
  } catch (error) {
    if (error instanceof DatabaseUnreachableError) return false;
    throw error;
  }
}

/** Prints a log's lines as they come. */
class LogPrinter {
  readonly #context: CommandContext;
  readonly #log: LogTail;
  readonly #splitter = new LineSplitter();

  constructor(context: CommandContext, log: LogTail) {
    this.#context = context;
    this.#log = log;
  }

  /** Prints every whole line that is there. */
  async print(): Promise<void> {
    while (!this.#context.signals.stopping.aborted) {
      const piece = await this.#log.read();
      if (piece === undefined) return;
      await this.#write(this.#splitter.push(piece));
    }
  }

  /** Prints a last line that was never completed. */
  async finish(): Promise<void> {
    await this.#write(this.#splitter.end());
  }

  async #write(lines: readonly string[]): Promise<void> {
    if (lines.length === 0) return;
    const { output } = this.#context;
    await output.write(lines.map((line) => `${output.isJson ? line : renderLogLine(line)}\n`).join(''));
  }
}
