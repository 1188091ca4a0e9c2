import { z } from 'zod';
import { TaskStore } from '../../database/tasks/task-store.js';
import { hasEnded } from '../../model/task.js';
import { LineSplitter } from '../../runtime/line-splitter.js';
import type { LogTail, LogTailOptions } from '../../runtime/log-tail.js';
import { followTaskLog } from '../../tasks/views/follow-task-log.js';
import type { ApiParts } from '../api-parts.js';
import { openLogOfTask } from '../find-task-log.js';
import { readLogLines } from '../log-lines.js';
import { route, type Route } from '../route.js';
import { idParams, wholeNumber } from '../schemas/parameters.js';
import type { ServerEvent } from '../server-events.js';

const tag = 'tasks';
const base = '/api/v1/pipeline';

const lineBreak = 0x0a;

/** Stands behind the place in the id of an event `end`: whoever has it was told all. */
const endMark = '-end';

const logSchema = z.strictObject({
  task_id: z.int(),
  lines: z.array(z.string()),
  truncated: z.boolean().describe('lines were left out, or cut, for the answer would be too large'),
});

/** The routes about the logs of tasks. */
export function logRoutes(parts: ApiParts): readonly Route[] {
  const store = new TaskStore(parts.database);
  return [
    route({
      method: 'GET',
      path: `${base}/task/{id}/log`,
      summary: "Show the last lines of a task's log, where it is on this host.",
      ...{ tag, access: 'read', params: idParams, answer: { schema: logSchema }, problems: [403, 404] },
      query: z.object({ lines: wholeNumber(0, 10_000).default(900) }),
      handle: async ({ params, query, signal }) => {
        const { id } = params;
        const log = await openLogOfTask(parts, await store.get(id), { lines: query.lines, signal });
        try {
          const mask = (line: string): string => parts.secrets.mask(line);
          return { json: { task_id: id, ...(await readLogLines(log, { most: query.lines, mask, signal })) } };
        } finally {
          await log.close();
        }
      },
    }),
    route({
      method: 'GET',
      path: `${base}/task/{id}/log/stream`,
      summary:
        'Follow the log of a task: "begin" before the last lines, "line" for each line, "end" when the task has ended; ' +
        'with Last-Event-ID what came since.',
      ...{ tag, access: 'read', params: idParams, problems: [403, 404, 503] },
      query: z.object({ lines: wholeNumber(0, 10_000).default(100) }),
      answer: {
        media: 'text/event-stream',
        what: 'a stream of events',
        nothing: 'all was told to who sends this Last-Event-ID',
      },
      handle: async ({ params: { id }, query: { lines }, signal, lastEventId = '' }) => {
        const task = await store.get(id);
        const open = (options: LogTailOptions): Promise<LogTail> => openLogOfTask(parts, task, { ...options, signal });
        if (lastEventId.endsWith(endMark) && hasEnded(task) && lastEventId === (await endOf(open))) {
          return { status: 204 };
        }
        const from = lastEventId.endsWith(endMark) ? lastEventId.slice(0, -endMark.length) : lastEventId;
        const log = await open({ from, lines });
        return { events: followLog(parts, store, { id, log, over: signal, isResumed: log.place() === from }) };
      },
    }),
  ];
}

interface Followed {
  readonly id: number;
  readonly log: LogTail;
  /** Its client has what stands before. */
  readonly isResumed: boolean;
  /** Aborted when the client is gone or the server ends. */
  readonly over: AbortSignal;
}

async function* followLog(
  { clock, secrets }: ApiParts,
  store: TaskStore,
  { id, log, over, isResumed }: Followed,
): AsyncGenerator<ServerEvent> {
  const splitter = new LineSplitter(log);
  const lineOf = (line: string): ServerEvent => ({ event: 'line', data: JSON.stringify(secrets.mask(line)) });
  try {
    if (!isResumed) yield { event: 'begin', data: JSON.stringify({ task_id: id }) };
    for await (const piece of followTaskLog(log, { store, id, clock, over })) {
      let end = 0;
      for (const line of splitter.push(piece)) {
        end = piece.indexOf(lineBreak, end) + 1;
        yield { id: log.place(piece.length - end), ...lineOf(line) };
      }
    }
    yield* splitter.end().map(lineOf);
    if (!over.aborted) yield { id: `${log.place()}${endMark}`, event: 'end', data: JSON.stringify({ task_id: id }) };
  } finally {
    await log.close();
  }
}

/** Returns the id of the `end` of a log as it is now. */
async function endOf(open: (options: LogTailOptions) => Promise<LogTail>): Promise<string> {
  const log = await open({ lines: 0 });
  await log.close();
  return `${log.place()}${endMark}`;
}
