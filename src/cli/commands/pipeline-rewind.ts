import { ChainClient } from '../../chain/blocks/chain-client.js';
import { NodeLagsError } from '../../chain/blocks/consistency.js';
import { PortalClient } from '../../chain/portal/portal-client.js';
import type { BlockHeader } from '../../model/block.js';
import { sourceOf } from '../../components/source-of.js';
import { CheckpointStore } from '../../database/events/checkpoint-store.js';
import type { Database } from '../../database/database.js';
import { PipelineStore } from '../../database/pipelines/pipeline-store.js';
import { RewindStore } from '../../database/events/rewind-store.js';
import { ShardStore } from '../../database/events/shard-store.js';
import { StoredBlocks } from '../../database/events/stored-blocks.js';
import { TaskStore } from '../../database/tasks/task-store.js';
import type { Pipeline } from '../../model/pipeline.js';
import { ChainUnreachableError } from '../../runtime/errors.js';
import { abortLater } from '../../runtime/give-up-later.js';
import { scoped } from '../../runtime/scope.js';
import { findRewindBlock } from '../../tasks/rewind/rewind-block.js';
import type { AskedChain, RewindBlock } from '../../tasks/rewind/rewind-block.js';
import { checkRewind, rewindPipeline as rewind } from '../../tasks/rewind/rewind-pipeline.js';
import type { ReadCheckpoint, RewindStores, Rewound as Taken } from '../../tasks/rewind/rewind-pipeline.js';
import type { CommandContext } from '../context/context.js';
import { thisProcess } from '../context/this-process.js';
import { withDatabase } from '../context/opened-databases.js';
import type { Lang } from '../../runtime/lang.js';
import { textsIn } from '../../texts/texts.js';
import type { CommandBody } from '../command-line/command.js';

export const command: CommandBody = {
  arguments: [{ name: 'id', description: "the pipeline's id or name", kind: 'pipeline' }],
  options: [{ flags: '--to-block <n>', description: 'the last block that is kept', kind: 'number', required: true }],
  settings: ['rpc_urls', 'portal_url'],
  action: rewindPipeline,
};

interface RewindOptions {
  readonly id: number;
  readonly toBlock: number;
}

interface Rewound {
  readonly from: number;
  readonly to: RewindBlock;
  readonly taken: Taken;
}

/** How often an endpoint is tried: what it would say can be done without. */
const attempts = 3;

/** How long a portal, or a node beside it, may take, in milliseconds: what is stored will do. */
const patienceMs = 30_000;

const isLate = (): Error => new ChainUnreachableError(`no answer within ${patienceMs / 1_000} s`);

/** Takes a pipeline back to a block, with every row above it. */
async function rewindPipeline(context: CommandContext, options: RewindOptions): Promise<void> {
  const rewound = await withDatabase(context, (database) => rewindIn(database, context, options));
  await printResult(context, options.id, rewound);
}

async function rewindIn(database: Database, context: CommandContext, { id, toBlock }: RewindOptions): Promise<Rewound> {
  const pipeline = await new PipelineStore(database).get(id);
  const stores: RewindStores = {
    tasks: new TaskStore(database),
    checkpoints: new CheckpointStore(database),
    storedBlocks: new StoredBlocks(database),
    rewinds: new RewindStore(database),
    shards: new ShardStore(database),
  };
  const { heartbeatIntervalSeconds } = context.settings;
  const claim = { pipelineId: id, worker: thisProcess(), heartbeatIntervalSeconds };
  const { checkpoint } = await checkRewind(stores, { ...claim, to: { number: toBlock } });
  const to = await findBlock(stores, context, { pipeline, checkpoint, toBlock });
  return { from: checkpoint.blockNumber, to, taken: await rewind(stores, { ...claim, to }) };
}

interface Wanted {
  readonly pipeline: Pipeline;
  readonly checkpoint: ReadCheckpoint;
  readonly toBlock: number;
}

async function findBlock(
  stores: RewindStores,
  { settings, clock, logger, signals }: CommandContext,
  { pipeline, checkpoint, toBlock }: Wanted,
): Promise<RewindBlock> {
  const source = sourceOf(pipeline);
  const { name: chainName, id: chainId } = source.chain;
  const urls = settings.rpcUrls(chainName);
  const find = (asked: AskedChain | null): Promise<RewindBlock> => findRewindBlock(stores, checkpoint, toBlock, asked);
  const chain = urls.length === 0 ? null : new ChainClient({ urls, chainId, clock, logger, attempts });
  const portal = new PortalClient({ url: settings.portalUrl, clock });
  try {
    const { stopping } = signals;
    const inTime = <T>(ask: (limited: AbortSignal) => Promise<T>): Promise<T> => {
      const late = abortLater({ clock, delayMs: patienceMs, reason: isLate });
      return scoped([stopping, late.signal], ask).finally(() => late.callOff());
    };
    const view = await source.view({ nodes: chain, portal, clock, logger });
    if (view === null) return await find(null);
    const headerOf = (number: number): Promise<BlockHeader | null> => inTime((limited) => view.header(number, limited));
    if (chain === null) {
      const found = await headerOf(toBlock);
      // A portal alone knows final blocks only.
      return await find(found === null ? null : { head: () => Promise.resolve(found), headerOf });
    }
    // Which blocks are old is known by the head.
    if (source.readsPortal) await chain.head(stopping);
    return await find({ head: () => chain.head(stopping), headerOf });
  } catch (error) {
    // A node that answers, and has not come so far, knows more than nobody does.
    const isAway = error instanceof ChainUnreachableError && (chain === null || !(error instanceof NodeLagsError));
    if (!isAway) throw error;
    logger.log('warn', `going by what is stored: ${error.message}`, { event: 'rewind.no_chain' });
    return await find(null);
  } finally {
    await Promise.all([chain?.close(), portal.close()]);
  }
}

async function printResult({ output }: CommandContext, id: number, { from, to, taken }: Rewound): Promise<void> {
  if (output.isJson) {
    return output.json({
      pipeline_id: id,
      from_block: from,
      to_block: to.number,
      block_hash: to.hash,
      hash_from: to.toldBy,
      events: taken.events,
      undecoded: taken.undecoded,
      read_ahead: taken.readAhead,
    });
  }
  const { done, readAhead } = textsIn(output.lang).rewinds;
  await output.line(done(id, from, to.number, taken.events, taken.undecoded));
  if (taken.readAhead > 0) output.note(readAhead(taken.readAhead));
  output.note(continuity(to, output.lang));
}

function continuity({ number, toldBy }: RewindBlock, lang: Lang): string {
  const { hashUnknown, next, source } = textsIn(lang).rewinds;
  return toldBy === null ? hashUnknown(number) : next(number, source[toldBy]);
}
