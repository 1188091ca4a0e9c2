import { eventSignatures } from '../../chain/abi/abi.js';
import { toChecksumAddress } from '../../chain/abi/checksum.js';
import type { ContractAbi } from '../../model/pipeline.js';
import type { Row } from '../component.js';
import type { EventMonitorConfig } from './config.js';

/** Addresses beyond so many are only counted. */
const shownAddresses = 5;

/** Returns what `pipeline show` prints of an event monitor. */
export function eventMonitorRows(config: EventMonitorConfig): readonly Row[] {
  return [
    ['chain', `${config.chainName} (${config.chainId})`],
    ...config.contracts.map((contract): Row => ['contracts', describeContract(contract)]),
    ['events', config.eventsToMonitor?.join(', ') ?? 'every one of the ABI'],
    ['mode', config.mode],
    ['blocks', describeBlocks(config)],
    ['finality', typeof config.finality === 'number' ? `${config.finality} confirmations` : config.finality],
    ['poll interval', `${config.pollInterval} s`],
    ['batch size', `${config.batchSize} blocks`],
    ['address filters', config.addressFilters.length === 0 ? null : listAddresses(config.addressFilters)],
    ['unknown logs', config.keepUnknown ? 'kept' : null],
    ['new blocks', config.verifyHeads === true ? 'read where two endpoints tell them alike' : null],
  ];
}

function describeContract({ addresses, abi }: ContractAbi): string {
  const events = eventSignatures(abi).length;
  return `${addresses === null ? 'any' : listAddresses(addresses)}, ABI of ${events} event${events === 1 ? '' : 's'}`;
}

function listAddresses(addresses: readonly string[]): string {
  const more = addresses.length - shownAddresses;
  const shown = addresses.slice(0, shownAddresses).map(toChecksumAddress).join(', ');
  return more > 0 ? `${shown} and ${more} more` : shown;
}

function describeBlocks({ mode, startBlock, endBlock }: EventMonitorConfig): string {
  const from = startBlock ?? (mode === 'realtime' ? 'the head' : 0);
  return endBlock === null ? `from ${from} on` : `${from} to ${endBlock}`;
}
