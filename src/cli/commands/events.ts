import { EventStore, mostCounted } from '../../database/events/event-store.js';
import { eventToJson, undecodedToJson } from '../../model/event-json.js';
import type { StoredUndecodedLog } from '../../model/stored-event.js';
import { checkEventName } from '../../tasks/views/check-event-name.js';
import { readOrigin, withChecksum } from '../../tasks/views/stored-events.js';
import type { CommandContext } from '../context/context.js';
import {
  eventOption,
  formatOption,
  outputOption,
  pipelineOption,
  toEventFilter,
  type EventOptions,
} from '../command-line/event-filter.js';
import type { ExportFormat } from '../export/create-event-writer.js';
import { blockOptions } from '../command-line/options.js';
import { eventHeadings, eventRow, undecodedHeadings, undecodedRow } from '../texts/event-table.js';
import { withDatabase } from '../context/opened-databases.js';
import type { CommandBody } from '../command-line/command.js';
import type { OptionSpec } from '../context/command-outline.js';

const format: OptionSpec = {
  flags: '--format <format>',
  description: 'jsonl: a JSON object a line',
  choices: ['jsonl'],
};
const undecodedLimit: OptionSpec = {
  flags: '--limit <n>',
  description: 'how many at most; a table shows 20 where left out',
  kind: 'id',
};

/** Commands about stored events. */
export const command: CommandBody = {
  commands: [
    {
      name: 'export',
      summary: "export a pipeline's events, in the order of the chain",
      load: () => import('./events-export.js'),
    },
    {
      name: 'list',
      summary: "list a pipeline's latest events, newest first",
      options: [
        pipelineOption,
        { flags: '--limit <n>', description: 'how many; 20 where left out', kind: 'id' },
        formatOption('written as export does, in the order of the chain'),
        ...blockOptions,
        eventOption,
        outputOption,
      ],
      action: listEvents,
    },
    {
      name: 'undecoded',
      summary: 'list the logs that fit no event of the ABI or could not be decoded, in the order of the chain',
      options: [pipelineOption, format, ...blockOptions, undecodedLimit],
      action: listUndecoded,
    },
  ],
};

interface ListOptions extends EventOptions {
  readonly limit?: number;
}

interface WrittenOptions extends ListOptions {
  readonly format?: ExportFormat;
  readonly output?: string;
}

interface UndecodedOptions extends ListOptions {
  readonly format?: 'jsonl';
}

const defaultLimit = 20;

/** Lists a pipeline's latest events, or writes them as an export does. */
async function listEvents(context: CommandContext, options: WrittenOptions): Promise<void> {
  const { format, output: path } = options;
  if (format === undefined && path === undefined) return tabulateEvents(context, options);
  const { exportEvents } = await import('./events-export.js');
  await exportEvents(context, { ...options, latest: options.limit ?? defaultLimit });
}

async function tabulateEvents(context: CommandContext, options: ListOptions): Promise<void> {
  const filter = toEventFilter(options);
  const { origin, events, total } = await withDatabase(context, async (database) => {
    const store = new EventStore(database);
    const origin = await readOrigin(database, options.pipeline);
    if (filter.event !== undefined) await checkEventName(database, options.pipeline, filter.event);
    return {
      origin,
      events: (await store.latest(filter, options.limit ?? defaultLimit)).map(withChecksum),
      total: await store.count(filter),
    };
  });
  const { output } = context;
  // Parsing the events to print them indented would reorder arguments that are named like numbers.
  if (output.isJson) {
    const texts = events.map((event) => eventToJson(event, origin));
    return output.jsonText(`{"events":[${texts.join(',')}],"total":${total}}\n`);
  }
  await output.table(eventHeadings, events.map(eventRow));
  if (total !== events.length) output.note(`the latest ${events.length} of ${inWords(total)} events`);
}

/** Lists the logs of a pipeline that could not be decoded: all of them as JSON lines, the first as a table. */
function listUndecoded(context: CommandContext, options: UndecodedOptions): Promise<void> {
  const streams = context.output.isJson || options.format === 'jsonl';
  return streams ? streamUndecoded(context, options) : tabulateUndecoded(context, options);
}

async function streamUndecoded(context: CommandContext, options: UndecodedOptions): Promise<void> {
  const filter = toEventFilter(options);
  await withDatabase(context, async (database) => {
    const origin = await readOrigin(database, options.pipeline);
    const pages = new EventStore(database).undecodedPages(filter, { ofOneState: true });
    for await (const logs of firstOf(pages, options.limit)) {
      await context.output.jsonText(logs.map((log) => `${undecodedToJson(withChecksum(log), origin)}\n`).join(''));
    }
  });
}

async function tabulateUndecoded(context: CommandContext, options: UndecodedOptions): Promise<void> {
  const filter = toEventFilter(options);
  const { logs, total } = await withDatabase(context, async (database) => {
    const store = new EventStore(database);
    await readOrigin(database, options.pipeline);
    const found: StoredUndecodedLog[] = [];
    const pages = store.undecodedPages(filter, { ofOneState: true });
    for await (const page of firstOf(pages, options.limit ?? defaultLimit)) found.push(...page);
    return { logs: found.map(withChecksum), total: await store.countUndecoded(filter) };
  });
  await context.output.table(undecodedHeadings, logs.map(undecodedRow));
  if (total !== logs.length) context.output.note(`the first ${logs.length} of ${inWords(total)} undecoded logs`);
}

/** Says a number of rows as `EventStore` counts it. */
function inWords(total: number | null): string {
  return total === null ? `more than ${mostCounted.toLocaleString('en-US')}` : String(total);
}

/** Passes pages on until they have brought so many rows. */
async function* firstOf<T>(pages: AsyncIterable<readonly T[]>, limit = Infinity): AsyncGenerator<readonly T[]> {
  let missing = limit;
  for await (const page of pages) {
    yield page.slice(0, missing);
    missing -= page.length;
    if (missing <= 0) return;
  }
}
