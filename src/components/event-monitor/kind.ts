import { eventSignatures } from '../../chain/abi/abi.js';
import type { SourceKind, Keys, Row } from '../seam/component.js';
import type { EventMonitorConfig } from './config.js';
import { eventMonitorFields } from './event-fields.js';
import { selectionOf } from './selection.js';
import { datasetOfChain } from '../../chain/portal/portal-datasets.js';
import { factoryKeys } from './factory/keys.js';
import { eventSignature } from '../../chain/abi/compile-event.js';
import { toChecksumAddress } from '../../chain/abi/checksum.js';
import { comparisonsOf } from '../../chain/abi/where.js';
import type { ContractAbi } from '../../model/pipeline.js';
import type { FactoryConfig } from './factory/config.js';

/** Addresses and values beyond so many are only counted. */
const shownValues = 5;

/** The source that reads events of one chain. */
export const eventMonitor: SourceKind<EventMonitorConfig> = {
  type: 'event_monitor',
  role: 'source',
  schema: async (reading) => (await import('./schema.js')).eventMonitorSchema(reading),
  keys: eventMonitorKeys,
  rows: eventMonitorRows,
  describe: ({ chainName, chainId, mode, startBlock, endBlock, verifyHeads, batchSize, portalDataset, shards }) => ({
    chain: { name: chainName, id: chainId },
    mode,
    startBlock,
    endBlock,
    endpoints: { least: verifyHeads === true ? 2 : 1, key: 'verify_heads' },
    readsPortal: portalDataset !== undefined,
    batchSize,
    shards: shards ?? 1,
  }),
  selection: selectionOf,
  events: ({ contracts }) => [...new Set(contracts.flatMap(({ abi }) => eventSignatures(abi)))],
  fields: eventMonitorFields,
  decoder: async (config) => (await import('../../chain/abi/decoder.js')).createDecoder(config),
  audit: async (config, opening) => {
    const decoder = await eventMonitor.decoder(config);
    if (config.factory === undefined) return { decoder, children: null };
    return (await import('./factory/audit.js')).auditChildren(config.factory, { ...opening, ...config, decoder });
  },
  view: async ({ portalDataset: dataset, chainId, batchSize }, { nodes, portal: client, ...opening }) => {
    if (dataset === undefined) return nodes;
    const { PortalReading } = await import('./portal-reading.js');
    const reading = new PortalReading({ client, dataset, chainId, nodes, batchSize, ...opening });
    return nodes === null ? reading.chain() : reading.behind(nodes);
  },
  open: async (config, { chain, portal, portalHealth }) => {
    const { EventMonitor } = await import('./event-monitor.js');
    const decoder = await eventMonitor.decoder(config);
    if (chain === null) return new EventMonitor(config, { chain, portal, portalHealth, decoder });
    return new EventMonitor(config, { chain: chain.client, heads: chain.heads, shared: chain.logs, portal, decoder });
  },
};

/** Returns the keys of a definition that give a config again. */
function eventMonitorKeys(config: EventMonitorConfig): Keys {
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

/** Returns what `pipeline show` prints of an event monitor. */
function eventMonitorRows(config: EventMonitorConfig): readonly Row[] {
  return [
    ['chain', `${config.chainName} (${config.chainId})`],
    ...factoryRows(config.factory),
    ...config.contracts.map((contract): Row => ['contracts', describeContract(contract, config.factory)]),
    ['events', config.eventsToMonitor?.join(', ') ?? 'every one of the ABI'],
    ['mode', config.mode],
    ['blocks', describeBlocks(config)],
    ['finality', typeof config.finality === 'number' ? `${config.finality} confirmations` : config.finality],
    ['poll interval', `${config.pollInterval} s`],
    ['history', config.portalDataset === undefined ? null : `SQD Portal, ${config.portalDataset}`],
    ['shards', config.shards === undefined ? null : `${config.shards}`],
    ['batch size', `${config.batchSize} blocks`],
    ['address filters', config.addressFilters.length === 0 ? null : listAddresses(config.addressFilters)],
    ...whereRows(config),
    ['unknown logs', config.keepUnknown ? 'kept' : null],
    ['new blocks', config.verifyHeads === true ? 'read where two endpoints tell them alike' : null],
  ];
}

/** The outermost factory comes first. */
function factoryRows(config: FactoryConfig | undefined): readonly Row[] {
  if (config === undefined) return [];
  const { factory, event, parameter, startBlock } = config;
  const isNested = 'event' in factory;
  const who = isNested ? 'its children' : listAddresses(factory);
  const row: Row = ['factory', `${who}, ${eventSignature(event)} announces ${parameter}, from block ${startBlock}`];
  return [...(isNested ? factoryRows(factory) : []), row];
}

function describeContract({ addresses, abi }: ContractAbi, factory: FactoryConfig | undefined): string {
  const events = eventSignatures(abi).length;
  const any = factory === undefined ? 'any' : 'the children of the factory';
  return `${addresses === null ? any : listAddresses(addresses)}, ABI of ${events} event${events === 1 ? '' : 's'}`;
}

function listAddresses(addresses: readonly string[]): string {
  return listValues(addresses.map(toChecksumAddress));
}

function whereRows({ where = {} }: EventMonitorConfig): readonly Row[] {
  return Object.entries(where).flatMap(([path, comparisons]) =>
    comparisonsOf(comparisons).map(([operator, values]): Row => ['where', `${path} ${operator} ${listValues(values)}`]),
  );
}

function listValues(values: readonly string[]): string {
  const more = values.length - shownValues;
  const shown = values.slice(0, shownValues).join(', ');
  return more > 0 ? `${shown} and ${more} more` : shown;
}

function describeBlocks({ mode, startBlock, endBlock }: EventMonitorConfig): string {
  const from = startBlock ?? (mode === 'realtime' ? 'the head' : 0);
  return endBlock === null ? `from ${from} on` : `${from} to ${endBlock}`;
}
