import { id } from 'ethers/hash';
import type { EventMonitorConfig } from '../../../../src/components/event-monitor/config.js';
import type { FactoryConfig } from '../../../../src/components/event-monitor/factory/config.js';
import type { ChainSimulator } from '../../../support/chain-simulator.js';
import { transferTopic } from '../../../support/simulated-chain.js';
import type { SimEvent, SimLog } from '../../../support/simulated-chain.js';
import { transferAbi } from '../../../support/transfer-emitter.js';

/** `event Made(address indexed child, uint256 number)`: what a factory announces children by. */
export const madeEvent = {
  type: 'event',
  name: 'Made',
  inputs: [
    { name: 'child', type: 'address', indexed: true },
    { name: 'number', type: 'uint256', indexed: false },
  ],
};
export const madeTopic = id('Made(address,uint256)');

export const factoryAddress = address(0xfac0);

/** An address that is told by a number. */
export function address(number: number): string {
  return `0x${number.toString(16).padStart(40, '0')}`;
}

function word(number: number | string): string {
  const digits = typeof number === 'string' ? number.slice(2) : number.toString(16);
  return `0x${digits.padStart(64, '0')}`;
}

/** An announcement of a child, by the factory or by somebody else. */
export function made(child: string, by = factoryAddress): SimEvent {
  return { address: by, topics: [madeTopic, word(child)], data: word(1) };
}

/** A transfer that a contract emits. */
export function emitted(by: string, amount = 1): SimEvent {
  return { address: by, topics: [transferTopic, word(0xa000), word(0xb000)], data: word(amount) };
}

/** The definition of a monitor of the children's transfers. */
export function factoryConfig(factory: Partial<FactoryConfig> = {}): Partial<EventMonitorConfig> {
  return {
    contracts: [{ addresses: null, abi: transferAbi }],
    factory: { factory: [factoryAddress], event: madeEvent, parameter: 'child', startBlock: 0, ...factory },
  };
}

/** A factory whose children are factories. */
export const nested: Partial<FactoryConfig> = {
  factory: { factory: [factoryAddress], event: madeEvent, parameter: 'child', startBlock: 0 },
};

interface TruthOptions {
  readonly from?: number;
  readonly to?: number;
  /** The first block of announcements. */
  readonly startBlock?: number;
  readonly levels?: number;
}

/** Returns what must be stored of a chain: all transfers of all children that are announced up to a block. */
export function truthOf(
  node: ChainSimulator,
  { from = 1, to = node.head.number, startBlock = 0, levels = 1 }: TruthOptions = {},
): string[] {
  const logs = node.canonicalLogs(0, to);
  let creators: ReadonlySet<string> = new Set([factoryAddress]);
  for (let level = 0; level < levels; level++) {
    const announced = logs.filter(
      (log) => Number(log.blockNumber) >= startBlock && log.topics[0] === madeTopic && creators.has(log.address),
    );
    creators = new Set(announced.map((log) => `0x${(log.topics[1] ?? '').slice(26)}`));
  }
  return logs
    .filter(
      (log: SimLog) => Number(log.blockNumber) >= from && log.topics[0] === transferTopic && creators.has(log.address),
    )
    .map((log) => `${log.blockHash}:${Number(log.logIndex)}`);
}
