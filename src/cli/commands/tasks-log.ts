import { dirname, resolve } from 'node:path';
import { TaskStore } from '../../database/tasks/task-store.js';
import { hasEnded, taskStatus, type Task } from '../../model/task.js';
import { RuntimeFailure, type ExitCode } from '../../runtime/errors.js';
import type { CommandContext } from '../context/context.js';
import { LineSplitter } from '../../runtime/line-splitter.js';
import { LogTail } from '../../runtime/log-tail.js';
import { findTaskLog } from '../../runtime/task-log-path.js';
import { untilAborted } from '../../runtime/until-aborted.js';
import { followTaskLog, lookAtTask } from '../../tasks/views/follow-task-log.js';
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

/** How often to look whether a task has begun, in milliseconds. */
const pollMs = 500;

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
    const { stopping } = context.signals;
    const isFollowed = options.follow === true && !hasEnded(task);
    const follow = { store, id: task.id, clock: context.clock, over: stopping };
    try {
      await print(context, log, isFollowed ? followTaskLog(log, follow) : log.pieces(stopping));
    } finally {
      await log.close();
    }
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
    task = (await lookAtTask(store, id)) ?? task;
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

/** Prints every whole line as it comes, and at the end one that was never completed. */
async function print(
  { output, secrets, signals }: CommandContext,
  log: LogTail,
  pieces: AsyncIterable<Buffer>,
): Promise<void> {
  const splitter = new LineSplitter(log);
  const write = async (lines: readonly string[]): Promise<void> => {
    if (lines.length === 0) return;
    const text = (render: (line: string) => string): string =>
      lines.map((line) => `${secrets.mask(render(line))}\n`).join('');
    const written = output.isJson ? output.jsonText(text(jsonLogLine)) : output.write(text(renderLogLine));
    // Who reads may have stopped reading, and hold the command up for ever.
    await untilAborted(written, signals.stopping);
  };
  for await (const piece of pieces) await write(splitter.push(piece));
  await write(splitter.end());
}
