import type { LogDecoder } from '../../../chain/abi/decoder.js';
import { LogSource } from '../../../chain/logs/log-source.js';
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

/** Finds the children of a factory anew, whatever is stored: an audit judges by what the chain says. */
export async function auditChildren(config: FactoryConfig, options: ChildrenAudit): Promise<Audit> {
  const { chain, decoder, upTo, settled, signal } = options;
  const levels = factoryLevels(config);
  const set = new ChildSet(levels, null);
  const { moved } = quietCall(signal);
  const past = new PastReader({ moved, openLogs: (filter) => new LogSource({ ...options, filter }) });
  const latest = await chain.header(upTo, signal);
  if (latest !== null) {
    const stretch = { first: upTo + 1, next: upTo + 1, last: null, agreesWith: () => true };
    const at = { stretch, head: { settled: Math.min(settled, upTo), latest } };
    await new ChildSearch({ levels, set, past, chain, moved }).inPast(upTo, at, signal);
  }
  const { addresses } = set;
  const own = new Set(addresses);
  const judged = decoderFor(decoder, ({ address }) => own.has(address));
  // An empty list would ask for everything.
  const none = ofAnnouncements(levels[0] as FactoryLevel, set.creatorsOf(0));
  const filter = addresses.length > 0 ? ofContracts(judged, addresses) : none;
  const children = { definition: factoryDigest(config), knownTo: upTo, children: set.all };
  return { decoder: { ...filter, decode: (log) => judged.decode(log) }, children };
}
