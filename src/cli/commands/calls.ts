import { sourceOf } from '../../components/source-of.js';
import { CallResultStore } from '../../database/events/call-result-store.js';
import type { CallFilter } from '../../database/events/call-result-store.js';
import { PipelineStore } from '../../database/pipelines/pipeline-store.js';
import { UsageError } from '../../runtime/errors.js';
import { textsIn } from '../../texts/texts.js';
import type { CommandBody } from '../command-line/command.js';
import type { OptionSpec } from '../context/command-outline.js';
import type { CommandContext } from '../context/context.js';
import { withDatabase } from '../context/opened-databases.js';
import type { Heading } from '../terminal/render-table.js';

const pipeline = 'answers of this pipeline, and immutable ones of its chain';
const which: readonly OptionSpec[] = [
  { flags: '--pipeline <id>', description: pipeline, kind: 'pipeline' },
  { flags: '--contract <address>', description: 'answers of this contract', kind: 'text' },
];
const limited: OptionSpec = { flags: '--limit <n>', description: 'how many; 20 where left out', kind: 'id' };

/** Commands about what contracts answered. */
export const command: CommandBody = {
  commands: [
    { name: 'list', summary: 'list stored answers', options: [...which, limited], action: listCalls },
    {
      name: 'forget',
      summary: 'forget answers: the next event requests them again',
      options: which,
      action: forgetCalls,
    },
  ],
};

interface CallOptions {
  readonly pipeline?: number;
  readonly contract?: string;
  readonly limit?: number;
}

const headings: readonly Heading[] = [
  { column: 'pipeline', align: 'right' },
  { column: 'block', align: 'right' },
  { column: 'chain', align: 'right', cut: 2 },
  ...([{ column: 'contract' }, { column: 'arguments', least: 10 }, { column: 'state' }] as const),
  { column: 'answer', cut: 1, least: 16 },
];

/** Lists stored answers. */
async function listCalls(context: CommandContext, options: CallOptions): Promise<void> {
  const { output } = context;
  const found = await withCalls(context, options, (store, filter) => store.list(filter, options.limit ?? 20));
  if (output.isJson) return output.json(found);
  const rows = found.calls.map((call) => [
    ...[call.pipeline_id, call.block_number, call.chain_id, call.contract_address],
    ...[call.call_data, call.outcome, call.result],
  ]);
  await output.table(headings, rows);
  if (found.total > rows.length) output.note(textsIn(output.lang).commands.calls.more(found.total));
}

/** Forgets stored answers. */
async function forgetCalls(context: CommandContext, options: CallOptions): Promise<void> {
  if (options.pipeline === undefined && options.contract === undefined)
    throw new UsageError('give --pipeline, --contract or both: which answers are to be forgotten');
  const forgotten = await withCalls(context, options, (store, filter) => store.forget(filter));
  const { output } = context;
  if (output.isJson) return output.json({ forgotten });
  await output.line(textsIn(output.lang).commands.calls.forgotten(forgotten));
}

async function withCalls<T>(
  context: CommandContext,
  { pipeline: id, contract }: CallOptions,
  work: (store: CallResultStore, filter: CallFilter) => Promise<T>,
): Promise<T> {
  if (contract !== undefined && !/^0x[0-9a-f]{40}$/i.test(contract))
    throw new UsageError('--contract must be an address: 0x and 40 hex digits');
  return withDatabase(context, async (database) => {
    const source = id === undefined ? undefined : sourceOf(await new PipelineStore(database).get(id));
    const of = id === undefined || source === undefined ? undefined : { id, chainId: source.chain.id };
    return work(new CallResultStore(database), { pipeline: of, contract });
  });
}
