import { datasetOfChain } from '../../chain/portal/portal-datasets.js';
import type { Keys } from '../seam/component.js';
import type { EventMonitorConfig } from './config.js';
import { factoryKeys } from './factory/keys.js';

/** Returns the keys of a definition that give a config again. */
export function eventMonitorKeys(config: EventMonitorConfig): Keys {
  const keys = {
    chain_name: config.chainName,
    chain_id: config.chainId,
    ...contractKeys(config),
    events_to_monitor: config.eventsToMonitor,
    mode: config.mode,
    start_block: config.startBlock,
    end_block: config.endBlock,
    finality: config.finality,
    poll_interval: config.pollInterval,
    address_filters: config.addressFilters,
    where: config.where ?? null,
    keep_unknown: config.keepUnknown,
    verify_heads: config.verifyHeads ?? null,
    ...portalKeys(config),
    shards: config.shards ?? null,
    batch_size: config.batchSize,
  };
  return Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== null));
}

/** A data set that goes with the chain need not be named. */
function portalKeys({ portalDataset, chainId }: EventMonitorConfig): Keys {
  if (portalDataset === undefined) return {};
  return { history: 'portal', portal_dataset: portalDataset === datasetOfChain(chainId) ? null : portalDataset };
}

function contractKeys({ contracts, factory }: EventMonitorConfig): Keys {
  const [only, ...others] = contracts;
  if (factory !== undefined) return { contract_address: factoryKeys(factory), abi: only?.abi };
  if (only === undefined || others.length > 0) {
    return { contracts: contracts.map(({ addresses, abi }) => ({ address: oneOrList(addresses), abi })) };
  }
  return { contract_address: oneOrList(only.addresses), abi: only.abi };
}

function oneOrList(addresses: readonly string[] | null): string | readonly string[] | null {
  return addresses?.length === 1 ? (addresses[0] ?? null) : addresses;
}
