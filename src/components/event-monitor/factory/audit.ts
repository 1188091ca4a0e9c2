import type { LogDecoder } from '../../../chain/abi/decoder.js';
import { NodeLagsError } from '../../../chain/blocks/consistency.js';
import { LagPatience } from '../../../chain/blocks/lag-patience.js';
import { LogSource } from '../../../chain/logs/log-source.js';
import type { BlockHeader, BlockRef } from '../../../model/block.js';
import { quietCall } from '../../../runtime/call.js';
import type { Audit, AuditOpening } from '../../seam/component.js';
import { decoderFor, ofAnnouncements, ofContracts } from './child-filters.js';
import { ChildSearch } from './child-search.js';
import { ChildSet } from './child-set.js';
import type { FactoryConfig } from './config.js';
import { factoryDigest, factoryLevels } from './levels.js';
import type { FactoryLevel } from './levels.js';
import { PastReader } from './past-reader.js';

interface ChildrenAudit extends AuditOpening {
  readonly decoder: LogDecoder;
  readonly batchSize: number;
}

const lagMs = 1_000;

/**
 * Finds the children of a factory anew, whatever is stored: an audit judges by what the chain says. Throws NodeLagsError where the
 * node does not come to show the last block that has been read: nobody is judged by a part of what was announced.
 */
export async function auditChildren(config: FactoryConfig, options: ChildrenAudit): Promise<Audit> {
  const { decoder, upTo } = options;
  const levels = factoryLevels(config);
  const { set, latest } = await findPatiently(levels, options);
  const { addresses } = set;
  const own = new Set(addresses);
  const judged = decoderFor(decoder, ({ address }) => own.has(address));
  // An empty list would ask for everything.
  const none = ofAnnouncements(levels[0] as FactoryLevel, set.creatorsOf(0));
  const filter = addresses.length > 0 ? ofContracts(judged, addresses) : none;
  const children = { definition: factoryDigest(config), knownTo: upTo, hash: latest.hash, children: set.all };
  return { decoder: { ...filter, decode: (log) => judged.decode(log) }, children };
}

interface FoundAll {
  readonly set: ChildSet;
  /** The block up to which all were found. */
  readonly latest: BlockHeader;
}

async function findPatiently(levels: readonly FactoryLevel[], options: ChildrenAudit): Promise<FoundAll> {
  const { clock, logger, signal } = options;
  const patience = new LagPatience(clock);
  for (;;) {
    try {
      return await findAll(levels, options);
    } catch (error) {
      logger.log('info', `waiting for the node: ${patience.bear(error)}`, { event: 'verify.lag' });
      await clock.sleep(lagMs, signal);
    }
  }
}

async function findAll(levels: readonly FactoryLevel[], options: ChildrenAudit): Promise<FoundAll> {
  const { chain, upTo, settled, signal } = options;
  const latest = await chain.header(upTo, signal);
  if (latest === null) throw new NodeLagsError(`block ${upTo} is not there`);
  const set = new ChildSet(levels, null);
  const { moved } = quietCall(signal);
  const past = new PastReader({ moved, openLogs: (filter) => new LogSource({ ...options, filter }) });
  // What may yet be replaced is read up to that very block.
  const agreesWith = (headers: readonly BlockRef[]): boolean =>
    headers.every(({ number, hash }) => number !== upTo || hash === latest.hash);
  const stretch = { first: upTo + 1, next: upTo + 1, last: null, agreesWith };
  const at = { stretch, head: { settled: Math.min(settled, upTo), latest } };
  await new ChildSearch({ levels, set, past, chain, moved }).inPast(upTo, at, signal);
  return { set, latest };
}
