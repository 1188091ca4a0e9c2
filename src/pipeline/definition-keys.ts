import type { Component, EventMonitorConfig, PipelineDefinition } from '../model/pipeline.js';

type Keys = Record<string, unknown>;

/** Returns a definition as the keys and values of its file. */
export function definitionKeys(definition: PipelineDefinition): Keys {
  return withoutNulls({
    id: definition.id,
    name: definition.name,
    classification_id: definition.classificationId,
    description: definition.description,
    timeout_minutes: definition.timeoutMinutes,
    components: definition.components.map(componentKeys),
  });
}

function componentKeys({ name, type, config }: Component): Keys {
  const keys = type === 'event_monitor' ? eventMonitorKeys(config as unknown as EventMonitorConfig) : config;
  return { name, type, ...keys };
}

function eventMonitorKeys(config: EventMonitorConfig): Keys {
  return withoutNulls({
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
    keep_unknown: config.keepUnknown,
    verify_heads: config.verifyHeads ?? null,
    batch_size: config.batchSize,
  });
}

function contractKeys({ contracts }: EventMonitorConfig): Keys {
  const [only, ...others] = contracts;
  if (only === undefined || others.length > 0) {
    return { contracts: contracts.map(({ addresses, abi }) => ({ address: oneOrList(addresses), abi })) };
  }
  return { contract_address: oneOrList(only.addresses), abi: only.abi };
}

function oneOrList(addresses: readonly string[] | null): string | readonly string[] | null {
  return addresses?.length === 1 ? (addresses[0] ?? null) : addresses;
}

function withoutNulls(keys: Keys): Keys {
  return Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== null));
}
