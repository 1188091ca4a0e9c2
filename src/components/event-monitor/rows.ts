import { eventSignatures } from '../../chain/abi/abi.js';
import { eventSignature } from '../../chain/abi/compile-event.js';
import { toChecksumAddress } from '../../chain/abi/checksum.js';
import { comparisonsOf } from '../../chain/abi/where.js';
import type { ContractAbi } from '../../model/pipeline.js';
import type { Row } from '../seam/component.js';
import type { EventMonitorConfig } from './config.js';
import type { FactoryConfig } from './factory/config.js';

/** Addresses and values beyond so many are only counted. */
const shownValues = 5;

/** Returns what `pipeline show` prints of an event monitor. */
export function eventMonitorRows(config: EventMonitorConfig): readonly Row[] {
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
