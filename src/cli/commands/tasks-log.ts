import { dirname, resolve } from 'node:path';
import { TaskStore } from '../../database/tasks/task-store.js';
import { taskStatus, type Task } from '../../model/task.js';
import { DatabaseUnreachableError, RuntimeFailure, type ExitCode } from '../../runtime/errors.js';
import type { CommandContext } from '../context/context.js';
import { LineSplitter } from '../../runtime/line-splitter.js';
import { LogTail } from '../../runtime/log-tail.js';
import { findTaskLog } from '../../runtime/task-log-path.js';
import { untilAborted } from '../../runtime/until-aborted.js';
import { jsonLogLine, renderLogLine } from '../terminal/render-log-line.js';
import { stopCode } from '../context/signals.js';
import { withDatabase } from '../context/opened-databases.js';
import type { CommandBody } from '../command-line/command.js';

export const command: CommandBody = {
  arguments: [{ name: 'id', description: "the task's id", kind: 'task' }],
  options: [
    { flags: '-f, --follow', description: 'go on until the task has ended, or Ctrl-C' },
    { flags: '-n, --lines <n>', description: 'only the last lines; all where left out', kind: 'number' },
  ],
  stopsGracefully: true,
  action: printTaskLog,
};

interface LogOptions {
  readonly id: number;
  readonly follow?: boolean;
  readonly lines?: number;
}

/** How long to wait for more lines, in milliseconds. */
const pollMs = 500;

/** How long a process that has ended its task may still write its last lines, in milliseconds. */
const farewellMs = 1_000;

/** How long a process that has just begun a task may take to open its log, in milliseconds. */
const openingMs = 10_000;

/** Prints a task's log, and what is added to it until the task has ended or the command is asked to stop. */
function printTaskLog(context: CommandContext, options: LogOptions): Promise<ExitCode> {
  return withDatabase(context, async (database) => {
    const store = new TaskStore(database);
    const task = options.follow === true ? await begunTask(context, store, options.id) : await store.get(options.id);
    // Whoever stops waiting for it has no log to look at.
    if (options.follow === true && isWaiting(task)) return 0;
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

/** A task that waits has no log yet: with --follow it is waited for, until it begins, is stopped, or the command is. */
async function begunTask(
  { clock, cwd, settings, signals, output }: CommandContext,
  store: TaskStore,
  id: number,
): Promise<Task> {
  const { stopping } = signals;
  let task = await store.get(id);
  if (!isWaiting(task)) return task;
  output.note(`task ${id} waits for a worker: its log begins with it`);
  while (isWaiting(task) && !stopping.aborted) {
    await clock.sleep(pollMs, stopping).catch(() => undefined);
    task = (await look(store, id)) ?? task;
  }
  // It has just been claimed: its process opens the log now, if that is here.
  const until = clock.monotonic() + openingMs;
  while (task.logPath !== null && clock.monotonic() < until && !stopping.aborted) {
    if ('path' in (await findTaskLog(task.logPath, { cwd, logDir: settings.logDir }))) break;
    await clock.sleep(pollMs, stopping).catch(() => undefined);
  }
  return task;
}

function isWaiting({ status, logPath }: Task): boolean {
  return status === taskStatus.queued && logPath === null;
}

async function openLog(context: CommandContext, task: Task, lines: number | undefined): Promise<LogTail> {
  const { cwd, settings, signals } = context;
  if (task.logPath === null) {
    throw new RuntimeFailure(`task ${task.id} has no log`, { hint: `chainparse tasks show ${task.id}` });
  }
  const place = await findTaskLog(task.logPath, { cwd, logDir: settings.logDir });
  if ('problem' in place) throw notShown(context, task, place.problem);
  const log = await LogTail.open(place.path, { lines, signal: signals.stopping });
  if (log === undefined) throw notShown(context, task, 'missing');
  return log;
}

function notShown(
  { cwd, settings }: CommandContext,
  { id, worker, logPath }: Task,
  problem: 'missing' | 'outside' | 'no-file',
): RuntimeFailure {
  const path = resolve(cwd, logPath ?? '');
  if (problem === 'outside') {
    return new RuntimeFailure(
      `the log of task ${id} is outside of the log folder ${resolve(cwd, settings.logDir)}: ${path}`,
      {
        hint: `where that is the task's own folder, name it: --log-dir ${dirname(path)}`,
      },
    );
  }
  if (problem === 'no-file') return new RuntimeFailure(`the log of task ${id} is a link, or no file at all: ${path}`);
  return new RuntimeFailure(`the log of task ${id} is not there: ${path}`, {
    hint: `look in the folder in which the task was started${worker === null ? '' : `, on ${worker}`}`,
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

async function hasEnded(store: TaskStore, id: number): Promise<boolean> {
  const task = await look(store, id);
  return task !== null && task.status !== taskStatus.running && task.status !== taskStatus.queued;
}

/** Null: a database that is away says nothing about the task, whose log goes on. */
async function look(store: TaskStore, id: number): Promise<Task | null> {
  try {
    return await store.get(id);
  } catch (error) {
    if (error instanceof DatabaseUnreachableError) return null;
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
    const { output, secrets, signals } = this.#context;
    const text = (render: (line: string) => string): string =>
      lines.map((line) => `${secrets.mask(render(line))}\n`).join('');
    const written = output.isJson ? output.jsonText(text(jsonLogLine)) : output.write(text(renderLogLine));
    // Who reads may have stopped reading, and hold the command up for ever.
    await untilAborted(written, signals.stopping);
  }
}
