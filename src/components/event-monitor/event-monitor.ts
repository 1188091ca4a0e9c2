import type { ChainClient } from '../../chain/blocks/chain-client.js';
import type { ChainView } from '../../chain/blocks/chain-view.js';
import type { LogDecoder } from '../../chain/abi/decoder.js';
import { HeadFeed } from '../../chain/blocks/head-feed.js';
import { HeadReader } from '../../chain/blocks/head-reader.js';
import type { SharedLogs } from '../../chain/logs/shared-logs.js';
import type { SourceMessage } from '../../model/batch.js';
import type { BlockRef } from '../../model/block.js';
import type { PortalClient } from '../../chain/portal/portal-client.js';
import { chainOfDataset } from '../../chain/portal/portal-datasets.js';
import type { PortalHealth } from '../../chain/portal/portal-health.js';
import { chainNameOf } from '../../model/chain.js';
import { resolveStart } from '../../model/start-block.js';
import { systemClock } from '../../runtime/clock.js';
import type { Clock } from '../../runtime/clock.js';
import { UsageError } from '../../runtime/errors.js';
import { silentLogger } from '../../runtime/logger.js';
import type { Logger } from '../../runtime/logger.js';
import type { HistoryCut } from '../../model/shard.js';
import type { CutContext, Source, SourceContext } from '../seam/source.js';
import type { EventMonitorConfig } from './config.js';
import { MissingCode } from './missing-code.js';
import { PortalReading } from './portal-reading.js';
import { MonitorRun } from './monitor-run.js';

interface EventMonitorDeps {
  /** Its nodes; null where there is no URL of one: then a portal tells what is final. */
  readonly chain: ChainClient | null;
  /** Where settled blocks are read where the definition says so. */
  readonly portal?: PortalClient | null;
  /** Hears how the portal is; left out: nobody does. */
  readonly portalHealth?: PortalHealth | undefined;
  /** The heads of the chain, as other pipelines hear of them, too; left out: a feed of its own. */
  readonly heads?: HeadFeed;
  /** New blocks of the chain, as other pipelines read them, too; left out: each asks for its own logs. */
  readonly shared?: SharedLogs;
  readonly decoder: LogDecoder;
}

/** Reads the events of one chain: a stretch of its history, or on and on behind its head. */
export class EventMonitor implements Source {
  readonly #config: EventMonitorConfig;
  readonly #deps: EventMonitorDeps;
  readonly #missingCode: MissingCode;

  constructor(config: EventMonitorConfig, deps: EventMonitorDeps) {
    this.#config = config;
    this.#missingCode = new MissingCode(config);
    this.#deps = deps;
  }

  async *messages(context: SourceContext): AsyncGenerator<SourceMessage, void, undefined> {
    const { chain: nodes, heads, shared, decoder } = this.#deps;
    const portal = this.#openPortal(context);
    const chain = viewOf(nodes, portal);
    if (nodes === null && (context.run.mode ?? this.#config.mode) === 'realtime') throw headless();
    if (portal !== null) this.#warnOfDataset(context.logger);
    const feed = heads ?? new HeadFeed({ chain, chainId: this.#config.chainId, ...context });
    const missingCode = this.#missingCode;
    const deps = { chain, nodes, portal, decoder, heads: feed, shared, missingCode };
    const run = new MonitorRun(this.#config, deps, context);
    try {
      yield* run.messages();
    } catch (error) {
      // A call that was dropped because the run shall end soon lost nothing: nothing of it has been sent.
      if (!context.stopping.aborted || error !== context.stopping.reason) throw error;
      context.signal.throwIfAborted();
    } finally {
      run.close();
      if (heads === undefined) feed.close();
    }
  }

  async finalized(recentBlocks: readonly BlockRef[], signal: AbortSignal): Promise<number | null> {
    const chain = viewOf(this.#deps.chain, this.#openPortal({ clock: systemClock, logger: silentLogger }));
    // Who follows the same heads hears of it, too, and is asked together.
    const head = await new HeadReader(chain, 'latest', silentLogger, this.#deps.heads?.tags).read(signal);
    if (head === null) return -1;
    const held = recentBlocks.findLast(({ number }) => number <= head.finalized);
    if (held === undefined) return head.finalized;
    const isThere = async (): Promise<boolean | null> => {
      const header = await chain.header(held.number, signal);
      return header === null ? null : header.hash === held.hash;
    };
    if ((await isThere()) === true) return head.finalized;
    // One of several nodes may have gone astray.
    await chain.askForChain(signal);
    return (await isThere()) === false ? null : -1;
  }

  async cut({ run, checkpoint, logger, clock, signal }: CutContext): Promise<HistoryCut | null> {
    const { mode, shards = 1, batchSize, endBlock, finality } = this.#config;
    if (shards === 1) return null;
    const chain = viewOf(this.#deps.chain, this.#openPortal({ clock, logger }));
    const start = resolveStart({ run, config: this.#config, mode: run.mode ?? mode, checkpoint });
    // What the node does not know of finality the run itself warns of.
    const head = await new HeadReader(chain, finality, silentLogger).read(signal);
    if (head === null || start.block === 'head') return null;
    const fromBlock = start.block;
    const toBlock = Math.min(run.toBlock ?? endBlock ?? Infinity, head.settled, head.readable);
    // What one request may hold is not worth a task.
    const pieces = Math.min(shards, Math.floor((toBlock - fromBlock + 1) / batchSize));
    const ends = stretchEnds(fromBlock, toBlock, pieces);
    const headers = await Promise.all(ends.slice(0, -1).map((end) => chain.header(end, signal)));
    const stretches = headers.flatMap((after, i) =>
      after === null ? [] : [{ after, toBlock: ends[i + 1] ?? toBlock }],
    );
    return stretches.length === 0 || stretches.length < headers.length ? null : { fromBlock, stretches };
  }

  /** A portal does not tell which chain its blocks are of. */
  #warnOfDataset(logger: Logger): void {
    const { portalDataset = '', chainName, chainId } = this.#config;
    const known = chainOfDataset(portalDataset);
    if (known === undefined || known === chainId) return;
    const message = `data set '${portalDataset}' is what SQD Portal calls chain ${chainNameOf(known)}, and ${chainName} is wanted: check portal_dataset in the definition`;
    logger.log('warn', message, { event: 'portal.other_chain' });
  }

  #openPortal(context: { readonly clock: Clock; readonly logger: Logger }): PortalReading | null {
    const { chain: nodes, portal: client, portalHealth: health } = this.#deps;
    const { portalDataset: dataset, chainId, batchSize } = this.#config;
    if (dataset === undefined || client === undefined || client === null) return null;
    const { clock, logger } = context;
    return new PortalReading({ client, health, dataset, chainId, nodes, batchSize, clock, logger });
  }
}

/** The last blocks of so many stretches that are about as long as each other. */
function stretchEnds(fromBlock: number, toBlock: number, pieces: number): readonly number[] {
  const blocks = toBlock - fromBlock + 1;
  return Array.from({ length: Math.max(0, pieces) }, (_, i) => fromBlock + Math.floor((blocks * (i + 1)) / pieces) - 1);
}

/** A queued task may ask for another mode than the definition's. */
function headless(): UsageError {
  return new UsageError(
    "a realtime run follows the chain's head, which a portal does not tell, and no RPC URL is set",
    {
      hint: 'give one with --rpc-url URL',
    },
  );
}

function viewOf(nodes: ChainClient | null, portal: PortalReading | null): ChainView {
  if (nodes !== null) return portal?.behind(nodes) ?? nodes;
  if (portal !== null) return portal.chain();
  throw new UsageError('no RPC URL is set for this chain', { hint: 'give one with --rpc-url URL' });
}
