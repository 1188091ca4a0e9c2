import { BlockWitnesses } from '../../chain/logs/block-witnesses.js';
import type { ChainClient } from '../../chain/blocks/chain-client.js';
import type { LogDecoder } from '../../chain/abi/decoder.js';
import type { LogFilter } from '../../model/log-filter.js';
import type { HeadFeed } from '../../chain/blocks/head-feed.js';
import { LogSource } from '../../chain/logs/log-source.js';
import { NewBlocks } from '../../chain/logs/new-blocks.js';
import type { SourceContext } from '../component.js';
import type { EventMonitorConfig } from './config.js';
import { BlockReader } from './block-reader.js';
import { FactoryChildren } from './factory/factory-children.js';

interface BlockReaderDeps {
  readonly chain: ChainClient;
  readonly heads: HeadFeed;
  readonly decoder: LogDecoder;
}

/** Makes the reader of an event monitor's blocks; `moved` hears that work moved. */
export function openBlockReader(
  { batchSize, verifyHeads, factory }: EventMonitorConfig,
  { chain, heads: { headers }, decoder }: BlockReaderDeps,
  context: SourceContext,
  moved: () => Promise<void>,
): BlockReader {
  const { clock, logger } = context;
  const openLogs = (filter: LogFilter): LogSource => new LogSource({ chain, filter, clock, logger, batchSize });
  const children =
    factory === undefined ? null : new FactoryChildren(factory, { chain, decoder, openLogs, context, moved });
  const asked = { chain, filter: children?.ofNewBlocks ?? decoder, clock, logger };
  const logs = openLogs(asked.filter);
  return new BlockReader({
    logs,
    // What two endpoints must tell alike needs no other proof.
    newBlocks: new NewBlocks({ ...asked, doubts: verifyHeads !== true && chain.doubtMs > 0 }),
    headers,
    witnesses: verifyHeads === true ? new BlockWitnesses(asked) : null,
    decoder: children?.decoder ?? decoder,
    children,
    openHistory: () => (children === null ? logs : openLogs(children.ofHistory)),
    context,
    moved,
  });
}
