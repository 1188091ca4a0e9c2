import { resolve } from 'node:path';
import type { Database } from '../../database/database.js';
import { EventStore } from '../../database/events/event-store.js';
import { RowsChangedError } from '../../database/events/row-watch.js';
import { RuntimeFailure, UsageError } from '../../runtime/errors.js';
import { checkEventName } from '../../tasks/views/check-event-name.js';
import { readOrigin, withChecksum } from '../../tasks/views/stored-events.js';
import { plural } from '../../texts/in-both.js';
import type { CommandContext } from '../context/context.js';
import {
  eventOption,
  formatOption,
  outputOption,
  pipelineOption,
  toEventFilter,
  type EventOptions,
} from '../command-line/event-filter.js';
import { blockOptions } from '../command-line/options.js';
import { createEventWriter, type ExportFormat } from '../export/create-event-writer.js';
import type { ByteTarget } from '../../runtime/rows/row-writer.js';
import { descriptorOf, ExportFile } from '../export/export-file.js';
import { withDatabase } from '../context/opened-databases.js';
import type { CommandBody } from '../command-line/command.js';

export const command: CommandBody = {
  options: [pipelineOption, formatOption('jsonl where left out'), ...blockOptions, eventOption, outputOption],
  action: exportEvents,
};

export interface ExportOptions extends EventOptions {
  readonly format?: ExportFormat;
  readonly output?: string;
  /** Only so many, the latest; left out: all. */
  readonly latest?: number;
}

/** How often a file is begun. */
const mostTries = 3;

/** Exports a pipeline's events to stdout or a file, in the order of the chain and in constant memory. */
export async function exportEvents(context: CommandContext, options: ExportOptions): Promise<void> {
  toEventFilter(options);
  const { output: path } = options;
  if (path === undefined || path === '-') return exportToStdout(context, options);
  const target = resolve(context.cwd, path);
  if ((await descriptorOf(target)) === process.stdout.fd) return exportToStdout(context, options);
  const events = await exportToFile(context, options, target);
  await tell(context, { ...options, output: path }, events);
}

/** Begins anew where rows that are written were taken back meanwhile; returns the number of events. */
async function exportToFile(context: CommandContext, options: ExportOptions, path: string): Promise<number> {
  for (let triesLeft = mostTries - 1; ; triesLeft--) {
    const file = await ExportFile.create(path);
    try {
      const events = await withDatabase(context, (database) => exportTo(context, database, options, file));
      await file.commit();
      return events;
    } catch (error) {
      await file.discard();
      if (!(error instanceof RowsChangedError) || !file.isWholeOrNot) throw error;
      if (triesLeft === 0) throw notWritten(path, error);
      context.output.note('rows were taken back, or stored anew, meanwhile: the export begins anew');
    }
  }
}

function notWritten(path: string, cause: RowsChangedError): RuntimeFailure {
  const message = `${path} is not written: rows were taken back, or stored anew, in each of ${mostTries} tries`;
  return new RuntimeFailure(message, { hint: cause.hint, cause });
}

async function exportToStdout(context: CommandContext, options: ExportOptions): Promise<void> {
  if (options.format === 'parquet') {
    throw new UsageError('a Parquet file is not for stdout', { hint: 'give --output FILE' });
  }
  const { output } = context;
  if (output.isJson && options.format === 'csv') {
    throw new UsageError('--json and --format csv exclude each other', { hint: 'give --output FILE for the CSV' });
  }
  const stdout = {
    write: (chunk: string | Uint8Array) =>
      options.format === 'csv' ? output.data(String(chunk)) : output.jsonText(String(chunk)),
  };
  await withDatabase(context, (database) => exportTo(context, database, options, stdout));
}

async function exportTo(
  { statusLine }: CommandContext,
  database: Database,
  options: ExportOptions,
  target: ByteTarget,
): Promise<number> {
  const origin = await readOrigin(database, options.pipeline);
  const filter = toEventFilter(options);
  if (filter.event !== undefined) await checkEventName(database, options.pipeline, filter.event);
  const writer = await createEventWriter(options.format ?? 'jsonl', target, origin);
  const shows = target instanceof ExportFile ? statusLine : undefined;
  let events = 0;
  for await (const page of new EventStore(database).pages(filter, { ofOneState: true, latest: options.latest })) {
    await writer.write(page.map(withChecksum));
    events += page.length;
    shows?.show(`${events.toLocaleString('en-US')} ${plural(events, 'event', 'events')}`);
  }
  await writer.end();
  shows?.show('');
  return events;
}

async function tell(
  { output }: CommandContext,
  options: ExportOptions & { readonly output: string },
  events: number,
): Promise<void> {
  const { pipeline, format = 'jsonl', output: path } = options;
  if (output.isJson) return output.json({ pipeline_id: pipeline, format, events, output: path });
  output.note(`${events.toLocaleString('en-US')} ${plural(events, 'event', 'events')} exported to ${path}`);
}
