import { eventSignatures } from '../../chain/abi/abi.js';
import { toChecksumAddress } from '../../chain/abi/checksum.js';
import type { Checkpoint } from '../../model/checkpoint.js';
import type { Component, ContractAbi, EventMonitorConfig, Pipeline } from '../../model/pipeline.js';
import type { Standing } from '../../tasks/run/parked.js';

type Row = readonly [label: string, value: string | null];

/** Addresses beyond so many are only counted. */
const shownAddresses = 5;

/** What else is to be seen of a pipeline. */
export interface PipelineSights {
  /** What its queued task waits for; null where none is queued. */
  readonly waitingFor: string | null;
  /** The newest block that has events; below zero where none has. */
  readonly newestStoredBlock: number;
}

/** Describes a pipeline for people, a line each. */
export function describePipeline(
  pipeline: Pipeline,
  { checkpoint, parked }: Standing,
  { waitingFor, newestStoredBlock }: PipelineSights,
): readonly string[] {
  return [
    `pipeline ${pipeline.id}: ${pipeline.name}`,
    ...lines([
      ['state', pipeline.disabled ? 'disabled' : 'enabled'],
      ['parked', parked === null ? null : `since task ${parked.taskId}: ${parked.reason}`],
      ['to go on', parked?.remedy ?? null],
      [
        'read',
        checkpoint === null ? null : `blocks ${checkpoint.startBlock ?? '?'} to ${checkpoint.blockNumber ?? '?'}`,
      ],
      ['older events', olderEvents(checkpoint, newestStoredBlock)],
      ['waits for', waitingFor],
      ['description', pipeline.description],
      ['classification', pipeline.classificationId?.toString() ?? null],
      ['timeout', pipeline.timeoutMinutes === null ? null : `${pipeline.timeoutMinutes} min`],
      ['created', pipeline.createTime],
      ['updated', pipeline.updateTime],
    ]),
    ...pipeline.components.flatMap(describeComponent),
  ];
}

/** A run that began anew and was stopped has left those of earlier runs above it. */
function olderEvents(checkpoint: Checkpoint | null, newestStoredBlock: number): string | null {
  const read = checkpoint?.blockNumber ?? null;
  if (read === null || newestStoredBlock <= read) return null;
  return `blocks ${read + 1} to ${newestStoredBlock}, of earlier runs: listed until a run reads them again`;
}

function describeComponent({ name, type, config }: Component, position: number): readonly string[] {
  const title = `component ${position + 1}: ${name} (${type})`;
  if (type !== 'event_monitor') return [title];
  return [title, ...lines(eventMonitorRows(config as unknown as EventMonitorConfig))];
}

function eventMonitorRows(config: EventMonitorConfig): readonly Row[] {
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

function lines(rows: readonly Row[]): readonly string[] {
  return rows.flatMap(([label, value]) => (value === null ? [] : [`  ${label.padEnd(16)}${value}`]));
}
