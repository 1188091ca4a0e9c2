import type { Database } from '../../database/database.js';
import { PipelineStore } from '../../database/pipelines/pipeline-store.js';
import { TaskStore } from '../../database/tasks/task-store.js';
import { taskPageToJson, taskToJson } from '../../model/task-json.js';
import { statusName, taskStatus, type Task, type TaskStatusName } from '../../model/task.js';
import { statusChanged } from '../../texts/log-lines.js';
import { textsIn } from '../../texts/texts.js';
import { cancelTask } from '../../tasks/run/cancel-task.js';
import { markUnknownLags } from '../../tasks/views/unknown-lags.js';
import type { CommandContext } from '../context/context.js';
import { describeTask } from '../texts/describe-task.js';
import { taskHeadings, taskRow } from '../texts/task-table.js';
import { monitorWarning, warnWithoutMonitor } from '../running/warn-without-monitor.js';
import { watch } from '../running/watch.js';
import { withDatabase } from '../context/opened-databases.js';
import type { CommandBody } from '../command-line/command.js';
import type { ArgumentSpec } from '../context/command-outline.js';

const id: ArgumentSpec = { name: 'id', description: "the task's id", kind: 'task' };

/** Commands about tasks. */
export const command: CommandBody = {
  commands: [
    {
      name: 'list',
      summary: 'list tasks, newest first',
      options: [
        {
          flags: '--status <status>',
          description: 'only those with this status',
          choices: ['running', 'succeeded', 'failed', 'queued', '0', '1', '2', '3'],
        },
        { flags: '--pipeline <id>', description: 'only those of this pipeline, by id or name', kind: 'pipeline' },
        { flags: '--limit <n>', description: 'how many; 20 where left out', kind: 'id' },
        { flags: '--page <n>', description: 'which page of so many; 1 where left out', kind: 'id' },
        { flags: '-w, --watch', description: 'show it anew every 2 seconds, until Ctrl-C' },
      ],
      stopsGracefully: true,
      action: listTasks,
    },
    { name: 'show', summary: 'show a task', arguments: [id], action: showTask },
    { name: 'log', summary: "print a task's log", load: () => import('./tasks-log.js') },
    {
      name: 'cancel',
      summary: 'stop a task: its process ends at its next heartbeat or commit',
      arguments: [id],
      action: stopTask,
    },
    { name: 'stats', summary: 'count tasks', load: () => import('./tasks-stats.js') },
  ],
};

interface ListOptions {
  readonly status?: string;
  readonly pipeline?: number;
  readonly limit?: number;
  readonly page?: number;
  readonly watch?: boolean;
}

interface IdOption {
  readonly id: number;
}

/** A page of the list of tasks. */
interface TaskPage {
  readonly tasks: readonly Task[];
  readonly total: number;
  readonly page: number;
  readonly pageSize: number;
}

/** How many tasks a page has where nobody says. */
const mostListed = 20;

/** The lines of a screen that are not for tasks: frame and heading of their table (4), remarks (2), the warning (2), the cursor. */
const otherLines = 9;

/** What stands above the top of a screen nobody sees: the newest tasks, and the heading. */
const roomOn = ({ rows }: { readonly rows: number }): number => Math.max(1, Math.min(mostListed, rows - otherLines));

/** Lists tasks, once or again and again. */
async function listTasks(context: CommandContext, options: ListOptions): Promise<void> {
  await withDatabase(context, async (database) => {
    const { output, settings } = context;
    const read = (): Promise<TaskPage> => {
      const limit = options.limit ?? (options.watch === true && output.isScreen ? roomOn(output.size) : mostListed);
      return readPage(database, { ...options, limit }, settings.heartbeatIntervalSeconds);
    };
    if (options.watch === true) return watchTasks(context, database, read);
    await printPage(context, await read());
    await warnWithoutMonitor(context, database);
  });
}

/** On a screen, which is cleared each time, the warning stands below the table; elsewhere it is given once. */
async function watchTasks(context: CommandContext, database: Database, readTasks: () => Promise<TaskPage>) {
  const { output } = context;
  if (!output.isScreen) await warnWithoutMonitor(context, database);
  const read = async () => ({
    page: await readTasks(),
    warning: output.isScreen && !output.isQuiet ? await monitorWarning(database, output.lang) : null,
  });
  await watch(context, read, async ({ page, warning }) => {
    await printPage(context, page, true);
    if (warning !== null) await output.line(warning.message);
  });
}

async function readPage(
  database: Database,
  options: ListOptions & { readonly limit: number },
  defaultIntervalSeconds: number,
): Promise<TaskPage> {
  const { page = 1, limit: pageSize } = options;
  const found = await new TaskStore(database).list({
    status: options.status === undefined ? undefined : readStatus(options.status),
    pipelineId: options.pipeline,
    limit: pageSize,
    offset: Math.min((page - 1) * pageSize, Number.MAX_SAFE_INTEGER),
  });
  // A pipeline that has no task may be one that there is not: then that is the news.
  if (found.total === 0 && options.pipeline !== undefined) await new PipelineStore(database).get(options.pipeline);
  return { ...found, tasks: await markUnknownLags(database, found.tasks, defaultIntervalSeconds), page, pageSize };
}

function readStatus(text: string): number {
  return /^\d$/.test(text) ? Number(text) : taskStatus[text as TaskStatusName];
}

async function printPage({ output, settings }: CommandContext, list: TaskPage, streams = false): Promise<void> {
  if (output.isJson) {
    const document = taskPageToJson(list.tasks, { ...list, timeoutMinutes: settings.taskTimeoutMinutes });
    return streams ? output.jsonText(`${JSON.stringify(document)}\n`) : output.json(document);
  }
  await output.table(
    taskHeadings,
    list.tasks.map((task) => taskRow(task, output.lang)),
  );
  if (list.total > list.tasks.length) {
    output.note(textsIn(output.lang).tasks.page(list.page, Math.ceil(list.total / list.pageSize), list.total));
  }
}

/** Shows a task. */
async function showTask(context: CommandContext, { id }: IdOption): Promise<void> {
  const task = await withDatabase(context, async (database) => {
    const found = await new TaskStore(database).get(id);
    return (await markUnknownLags(database, [found], context.settings.heartbeatIntervalSeconds))[0] ?? found;
  });
  await printTask(context, task, describeTask(task, context.settings, context.output.lang));
}

/** Stops a task; throws ConflictError where it has ended already. */
async function stopTask(context: CommandContext, { id }: IdOption): Promise<void> {
  const { before, after } = await withDatabase(context, (database) => cancelTask(new TaskStore(database), id));
  const { lang } = context.output;
  const { message } = statusChanged(lang, {
    taskId: id,
    from: statusName(before.status),
    to: statusName(after.status),
    reason: after.endReason,
  });
  await printTask(context, after, [message]);
}

async function printTask(
  { output, settings }: CommandContext,
  task: Task,
  description: readonly string[],
): Promise<void> {
  if (output.isJson) return output.json(taskToJson(task, { timeoutMinutes: settings.taskTimeoutMinutes }));
  for (const line of description) await output.line(line);
}
