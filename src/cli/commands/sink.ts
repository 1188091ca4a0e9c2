import { DeadLetterStore } from '../../database/sinks/dead-letter-store.js';
import { SinkStore } from '../../database/sinks/sink-store.js';
import type { Database } from '../../database/database.js';
import { PipelineStore } from '../../database/pipelines/pipeline-store.js';
import { NotFoundError } from '../../runtime/errors.js';
import { requestReplay } from '../../tasks/outbox/request-replay.js';
import { deadLetterToJson, readSink, readSinks, sinkToJson } from '../../tasks/views/sink-view.js';
import type { SinkView } from '../../tasks/views/sink-view.js';
import { textsIn } from '../../texts/texts.js';
import type { CommandBody } from '../command-line/command.js';
import type { ArgumentSpec, OptionSpec } from '../context/command-outline.js';
import type { CommandContext } from '../context/context.js';
import { withDatabase } from '../context/opened-databases.js';
import { deliver } from '../running/deliver.js';
import { briefInstant } from '../terminal/brief-texts.js';
import type { Heading } from '../terminal/render-table.js';

const pipeline: ArgumentSpec = { name: 'id', description: "the pipeline's id or name", kind: 'pipeline' };
const which: readonly ArgumentSpec[] = [pipeline, { name: 'sink', description: "the sink's name", kind: 'sink' }];
const letter: OptionSpec = {
  flags: '--letter <id>',
  description: 'this dead letter alone; all where left out',
  kind: 'id',
};

/** Commands about sinks. */
export const command: CommandBody = {
  commands: [
    {
      name: 'list',
      summary: 'list sinks: how far each has delivered, and what keeps it',
      arguments: [{ ...pipeline, optional: true }],
      action: listSinks,
    },
    {
      name: 'replay',
      summary: 'send everything from a block on again',
      arguments: which,
      options: [{ flags: '--from-block <n>', description: 'first block, inclusive', kind: 'number', required: true }],
      action: replaySink,
    },
    { name: 'pause', summary: 'deliver nothing more until it is resumed', arguments: which, action: pauseSink },
    { name: 'resume', summary: 'deliver again', arguments: which, action: resumeSink },
    {
      name: 'dead-letters',
      summary: 'messages that a receiver refuses for good',
      commands: [
        {
          name: 'list',
          summary: 'list them, the oldest first',
          arguments: which,
          options: [{ flags: '--limit <n>', description: 'how many; 20 where left out', kind: 'id' }],
          action: listLetters,
        },
        { name: 'retry', summary: 'try them again', arguments: which, options: [letter], action: retryLetters },
        { name: 'drop', summary: 'forget them', arguments: which, options: [letter], action: dropLetters },
      ],
    },
  ],
};

interface SinkOptions {
  readonly id: number;
  readonly sink: string;
}

interface LetterOptions extends SinkOptions {
  readonly letter?: number;
}

const headings: readonly Heading[] = [
  { column: 'pipeline', align: 'right' },
  { column: 'sink', least: 8 },
  { column: 'type', cut: 3 },
  { column: 'state' },
  { column: 'cursorBlock', align: 'right' },
  { column: 'behind', align: 'right' },
  { column: 'deadLetters', align: 'right' },
  { column: 'time', cut: 2, brief: briefInstant },
  { column: 'lastError', cut: 1, least: 16 },
];

/** Lists sinks of all pipelines, or of one. */
async function listSinks(context: CommandContext, { id }: Partial<SinkOptions>): Promise<void> {
  const sinks = await withDatabase(context, async (database) => {
    // Who asks for one that is not there must hear of it.
    if (id !== undefined) await new PipelineStore(database).get(id);
    return readSinks(database, context.settings.heartbeatIntervalSeconds, id);
  });
  const { output } = context;
  if (output.isJson) return output.json({ sinks: sinks.map(sinkToJson) });
  const { state } = textsIn(output.lang).sinks;
  await output.table(
    headings,
    sinks.map((sink) => [
      ...[sink.pipelineId, sink.name, sink.type, state[sink.state], sink.cursorBlock, sink.behind],
      ...[sink.deadLetters, sink.lastErrorTime, sink.lastError],
    ]),
  );
}

/** Has everything from a block on sent again. */
async function replaySink(
  context: CommandContext,
  options: SinkOptions & { readonly fromBlock: number },
): Promise<void> {
  const { id, sink, fromBlock } = options;
  const replay = await withSink(context, options, (database, view) => requestReplay(database, view, fromBlock));
  const { output } = context;
  const task = await deliver(context, id);
  if (output.isJson) return output.json({ pipeline_id: id, sink, from_block: fromBlock, replay, ...task });
  output.note(textsIn(output.lang).sinks.replays(sink, fromBlock));
}

/** Lets a sink deliver nothing more. */
function pauseSink(context: CommandContext, options: SinkOptions): Promise<void> {
  return setPaused(context, options, true);
}

/** Lets a sink deliver again. */
function resumeSink(context: CommandContext, options: SinkOptions): Promise<void> {
  return setPaused(context, options, false);
}

async function setPaused(context: CommandContext, options: SinkOptions, paused: boolean): Promise<void> {
  const { id, sink } = options;
  await withSink(context, options, (database, view) => new SinkStore(database).setPaused(id, view, paused));
  const { output } = context;
  const task = paused ? {} : await deliver(context, id);
  if (output.isJson) return output.json({ pipeline_id: id, sink, paused, ...task });
  const texts = textsIn(output.lang).sinks;
  output.note(paused ? texts.paused(sink) : texts.resumed(sink));
}

/** Lists what a receiver refuses for good. */
async function listLetters(
  context: CommandContext,
  { limit = 20, ...options }: SinkOptions & { readonly limit?: number },
): Promise<void> {
  const { output } = context;
  const name = { pipelineId: options.id, sink: options.sink };
  const { letters, total } = await withSink(context, options, async (database, view) => ({
    letters: await new DeadLetterStore(database).list(name, { limit }),
    total: view.deadLetters,
  }));
  if (output.isJson) return output.json({ dead_letters: letters.map(deadLetterToJson), total });
  await output.table(
    [
      { column: 'id', align: 'right' },
      { column: 'what' },
      { column: 'block', align: 'right' },
      { column: 'event', cut: 2 },
      { column: 'time', cut: 3, brief: briefInstant },
      { column: 'lastError', cut: 1, least: 16 },
    ],
    letters.map(({ id, message, createTime, error }) => [
      ...[id, message.op, message.place.blockNumber, message.eventName, createTime, error],
    ]),
  );
  if (total > letters.length) output.note(textsIn(output.lang).sinks.more(total));
}

/** Has dead letters tried again. */
async function retryLetters(context: CommandContext, options: LetterOptions): Promise<void> {
  const count = await changeLetters(context, options, 'retry');
  const { output } = context;
  const task = count === 0 ? {} : await deliver(context, options.id);
  if (output.isJson) return output.json({ pipeline_id: options.id, sink: options.sink, retried: count, ...task });
  output.note(textsIn(output.lang).sinks.tried(count));
}

/** Forgets dead letters. */
async function dropLetters(context: CommandContext, options: LetterOptions): Promise<void> {
  const count = await changeLetters(context, options, 'drop');
  const { output } = context;
  if (output.isJson) return output.json({ pipeline_id: options.id, sink: options.sink, dropped: count });
  output.note(textsIn(output.lang).sinks.dropped(count));
}

/** Throws NotFoundError where the sink has no such dead letter. */
function changeLetters(context: CommandContext, options: LetterOptions, change: 'retry' | 'drop'): Promise<number> {
  const { id, sink, letter: only } = options;
  return withSink(context, options, async (database) => {
    const letters = new DeadLetterStore(database);
    const count = await letters[change]({ pipelineId: id, sink }, only === undefined ? 'all' : [only]);
    if (only === undefined || count > 0) return count;
    throw new NotFoundError(`sink '${sink}' of pipeline ${id} has no dead letter ${only}`, {
      hint: `chainparse sink dead-letters list ${id} ${sink}`,
    });
  });
}

/** Throws NotFoundError where there is no such pipeline, or it has no such sink. */
function withSink<T>(
  context: CommandContext,
  { id, sink }: SinkOptions,
  work: (database: Database, view: SinkView) => Promise<T>,
): Promise<T> {
  return withDatabase(context, async (database) => {
    await new PipelineStore(database).get(id);
    const { heartbeatIntervalSeconds } = context.settings;
    return work(database, await readSink(database, heartbeatIntervalSeconds, { pipelineId: id, name: sink }));
  });
}
