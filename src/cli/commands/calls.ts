import { sourceOf } from '../../components/source-of.js';
import { immutableCallsOf } from '../../components/stages-of.js';
import type { Database } from '../../database/database.js';
import { CallResultStore } from '../../database/events/call-result-store.js';
import type { CallFilter, StoredCall } from '../../database/events/call-result-store.js';
import { PipelineStore } from '../../database/pipelines/pipeline-store.js';
import { UsageError } from '../../runtime/errors.js';
import { textsIn } from '../../texts/texts.js';
import type { CommandBody } from '../command-line/command.js';
import type { OptionSpec } from '../context/command-outline.js';
import type { CommandContext } from '../context/context.js';
import { withDatabase } from '../context/opened-databases.js';

const which: readonly OptionSpec[] = [
  { flags: '--pipeline <id>', description: 'answers that this pipeline uses, by its id or name', kind: 'pipeline' },
  { flags: '--contract <address>', description: 'answers of this contract', kind: 'text' },
];

/** Commands about what contracts answered. */
export const command: CommandBody = {
  commands: [
    {
      name: 'list',
      summary: 'list the stored answers of contract calls',
      options: [...which, { flags: '--limit <n>', description: 'how many; 20 where left out', kind: 'id' }],
      action: listCalls,
    },
    {
      name: 'forget',
      summary: 'forget stored answers: the next event that needs one requests it again',
      options: which,
      action: forgetCalls,
    },
  ],
};

interface CallOptions {
  readonly pipeline?: number;
  readonly contract?: string;
}

/** Lists stored answers. */
async function listCalls(
  context: CommandContext,
  { limit = 20, ...options }: CallOptions & { readonly limit?: number },
): Promise<void> {
  const { output } = context;
  const { calls, total } = await withCalls(context, options, (store, filter) => store.list(filter, limit));
  if (output.isJson) return output.json({ calls: calls.map(callToJson), total });
  const texts = textsIn(output.lang).commands.calls;
  await output.table(
    [
      { column: 'pipeline', align: 'right' },
      { column: 'block', align: 'right' },
      { column: 'chain', align: 'right', cut: 2 },
      { column: 'contract' },
      { column: 'call', least: 10 },
      { column: 'state' },
      { column: 'answer', cut: 1, least: 16 },
    ],
    calls.map(({ of, chainId, contract, data, outcome, result }) => [
      ...[of?.pipelineId ?? texts.all, of?.block ?? texts.any, chainId, contract, data, texts[outcome], result],
    ]),
  );
  if (total > calls.length) output.note(texts.more(total));
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

function withCalls<T>(
  context: CommandContext,
  options: CallOptions,
  work: (store: CallResultStore, filter: CallFilter) => Promise<T>,
): Promise<T> {
  const contract = options.contract?.toLowerCase();
  if (contract !== undefined && !/^0x[0-9a-f]{40}$/.test(contract))
    throw new UsageError('--contract must be an address: 0x and 40 hex digits');
  return withDatabase(context, async (database) => {
    const pipeline = options.pipeline === undefined ? {} : { pipeline: await usedBy(database, options.pipeline) };
    return work(new CallResultStore(database), { ...pipeline, ...(contract === undefined ? {} : { contract }) });
  });
}

async function usedBy(database: Database, id: number): Promise<NonNullable<CallFilter['pipeline']>> {
  const pipeline = await new PipelineStore(database).get(id);
  return { id, chainId: sourceOf(pipeline).chain.id, immutable: immutableCallsOf(pipeline.components) };
}

function callToJson({ of, chainId, contract, data, outcome, result }: StoredCall): Readonly<Record<string, unknown>> {
  const place = { pipeline_id: of?.pipelineId ?? null, block_number: of?.block ?? null };
  return { ...place, chain_id: chainId, contract_address: contract, call_data: data, outcome, result };
}
