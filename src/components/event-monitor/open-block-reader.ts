import { BlockWitnesses } from '../../chain/logs/block-witnesses.js';
import type { ChainClient } from '../../chain/blocks/chain-client.js';
import type { ChainView } from '../../chain/blocks/chain-view.js';
import type { LogDecoder } from '../../chain/abi/decoder.js';
import type { LogFilter } from '../../model/log-filter.js';
import type { HeadFeed } from '../../chain/blocks/head-feed.js';
import { LogSource } from '../../chain/logs/log-source.js';
import type { RangeReader } from '../../chain/blocks/range-reader.js';
import { NewBlocks } from '../../chain/logs/new-blocks.js';
import type { SharedLogs } from '../../chain/logs/shared-logs.js';
import type { SourceContext } from '../seam/source.js';
import type { EventMonitorConfig } from './config.js';
import { BlockReader } from './block-reader.js';
import type { UnsettledBlocks } from './block-reader.js';
import { FactoryChildren } from './factory/factory-children.js';
import type { PortalReading } from './portal-reading.js';
import type { Call } from '../../runtime/call.js';

interface BlockReaderDeps {
  readonly chain: ChainView;
  /** Where blocks that may yet be replaced are read; null: nowhere. */
  readonly nodes: ChainClient | null;
  /** Where settled blocks are read; null: from the nodes, too. */
  readonly portal: PortalReading | null;
  readonly heads: HeadFeed;
  readonly shared?: SharedLogs | undefined;
  readonly decoder: LogDecoder;
}

/** Makes the reader of an event monitor's blocks. */
export function openBlockReader(
  config: EventMonitorConfig,
  { chain, nodes, portal, heads, shared, decoder }: BlockReaderDeps,
  context: SourceContext,
  moved: Call['moved'],
): BlockReader {
  const { factory, batchSize } = config;
  const { clock, logger } = context;
  // Where rows are there already nobody waits for the first one; and what a factory has made is read anew with each child that is found.
  const isAwaited = factory === undefined && context.checkpoint.blockNumber === null;
  const openNodes = (filter: LogFilter): LogSource | null =>
    nodes && new LogSource({ chain: nodes, filter, clock, logger, batchSize, isAwaited });
  const openSettled = (filter: LogFilter): RangeReader =>
    portal?.open(filter, openNodes(filter)) ?? (openNodes(filter) as LogSource);
  const children =
    factory === undefined
      ? null
      : new FactoryChildren(factory, { chain, nodes, decoder, openLogs: openSettled, context, moved });
  const filter = children?.ofNewBlocks ?? decoder;
  const logs = openNodes(filter);
  const unsettled = nodes && logs && openUnsettled(config, { nodes, logs, heads, shared, filter }, context);
  // Without a factory new blocks and settled ones are asked for alike, and share what is learned of the node.
  const settled = children === null ? (portal?.open(filter, logs) ?? logs) : null;
  return new BlockReader({
    unsettled,
    decoder: children?.decoder ?? decoder,
    children,
    openHistory: () => settled ?? openSettled(children?.ofHistory ?? filter),
    context,
    moved,
  });
}

interface UnsettledDeps {
  readonly nodes: ChainClient;
  readonly logs: LogSource;
  readonly heads: HeadFeed;
  readonly shared: SharedLogs | undefined;
  readonly filter: LogFilter;
}

function openUnsettled(
  { verifyHeads }: EventMonitorConfig,
  { nodes: chain, logs, heads: { headers }, shared, filter }: UnsettledDeps,
  { clock, logger }: SourceContext,
): UnsettledBlocks {
  const asked = { chain, filter, clock, logger };
  return {
    logs,
    // What two endpoints must tell alike needs no other proof.
    newBlocks: new NewBlocks({ ...asked, shared, doubts: verifyHeads !== true && chain.doubtMs > 0 }),
    headers,
    witnesses: verifyHeads === true ? new BlockWitnesses(asked) : null,
  };
}
