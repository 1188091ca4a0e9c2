import { z } from 'zod';
import { eventSignatures } from '../../chain/abi/abi.js';
import { eventSignature } from '../../chain/abi/compile-event.js';
import { chainIdOfName } from '../../model/chain.js';
import type { AbiFragment, ContractAbi } from '../../model/pipeline.js';
import type { Reading } from '../seam/component.js';
import { abiKeys, oneAbi } from '../keys/abi.js';
import { address } from '../keys/address.js';
import { chainKeys, oneChain } from '../keys/chain.js';
import { positive, whole } from '../keys/numbers.js';
import { choice, either, zeroOrMore, oneOrMore } from '../keys/texts.js';
import { notBoth, together } from '../keys/together.js';
import type { Look } from '../keys/together.js';
import type { EventMonitorConfig } from './config.js';
import type { FactoryConfig } from './factory/config.js';
import { selectEvent } from '../keys/select-event.js';
import { addressesOrFactory } from './factory/keys.js';
import { checkWhere, toWhere, whereKey } from './where-keys.js';
import { datasetOfChain } from '../../chain/portal/portal-datasets.js';

const oneDaySeconds = 86_400;

/** Returns the schema of an event monitor's keys; it puts the contents of the ABIs into the config. */
export function eventMonitorSchema(reading: Reading): z.ZodType<EventMonitorConfig> {
  return together(z.strictObject(shape(reading)), async (look) => {
    oneChain(look);
    checkContracts(look);
    checkBlocks(look);
    checkUnknown(look);
    checkHistory(look);
    checkShards(look);
    await checkEvents(look);
  }).transform(toConfig);
}

function shape(reading: Reading) {
  const eventName = z.string({ error: 'must list names or signatures of events' }).trim().min(1);
  const contract = z.strictObject({ address: oneOrMore(address(), 'an address'), ...abiKeys(reading) });
  return {
    ...chainKeys(),
    contract_address: addressesOrFactory(reading, zeroOrMore(address(), 'an address')).optional(),
    ...abiKeys(reading),
    contracts: z.array(together(contract, oneAbi)).default([]),
    events_to_monitor: zeroOrMore(eventName, 'a name'),
    mode: choice(['historical', 'realtime']).default('historical'),
    history: choice(['rpc', 'portal']).default('rpc'),
    portal_dataset: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,99}$/, { error: 'must be the name of a data set, such as ethereum-mainnet' })
      .optional(),
    start_block: whole(0).optional(),
    end_block: whole(0).optional(),
    finality: either('must be latest, safe, finalized or a number of confirmations', [
      z.enum(['latest', 'safe', 'finalized']),
      whole(0, 1_000_000),
    ]).default('latest'),
    poll_interval: positive(oneDaySeconds).default(1),
    address_filters: zeroOrMore(address(), 'an address'),
    where: whereKey(),
    keep_unknown: z.boolean().default(false),
    verify_heads: z.boolean().default(false),
    shards: whole(1, 64).optional(),
    batch_size: whole(1, 1_000_000).default(2000),
  };
}

type MonitorKeys = z.output<z.ZodObject<ReturnType<typeof shape>>>;

function checkContracts(look: Look<MonitorKeys>): void {
  if (!look.isGiven('contracts')) {
    oneAbi(look);
    return;
  }
  for (const key of ['contract_address', 'abi_path', 'abi']) notBoth(look, 'contracts', key);
}

function checkBlocks({ right: { start_block: start, end_block: end }, tell }: Look<MonitorKeys>): void {
  if (start !== undefined && end !== undefined && end < start)
    tell('end_block', `${end} is before start_block ${start}`);
}

async function checkEvents(look: Look<MonitorKeys>): Promise<void> {
  const { right, tell } = look;
  const events = eventsIn(right);
  const signatures = eventSignatures(events);
  if (signatures.length === 0) return;
  const wanted = new Set<string>();
  for (const [position, written] of (right.events_to_monitor ?? []).entries()) {
    const selected = await selectEvent(written, signatures);
    if ('problem' in selected) tell(['events_to_monitor', position], selected.problem, selected.hint);
    else wanted.add(selected.event);
  }
  if (right.where === undefined) return;
  const isMonitored = (event: AbiFragment): boolean =>
    wanted.has(event.name ?? '') || wanted.has(eventSignature(event));
  checkWhere(right.where, wanted.size === 0 ? events : events.filter(isMonitored), tell);
}

function checkUnknown({ right: { where, keep_unknown: keepsUnknown }, tell }: Look<MonitorKeys>): void {
  if (where === undefined || keepsUnknown !== true) return;
  tell('keep_unknown', "can't stand beside where", 'a log that fits no event has no arguments to compare');
}

function checkHistory(look: Look<MonitorKeys>): void {
  const { right, tell } = look;
  if (right.history !== 'portal') {
    if (right.portal_dataset !== undefined) tell('portal_dataset', 'needs history: portal');
    return;
  }
  if (right.portal_dataset !== undefined || right.chain_name === undefined) return;
  if (datasetOfChain(chainIdIn(right)) !== undefined) return;
  tell(
    'history',
    `it is not known what SQD Portal calls chain '${right.chain_name}'`,
    'name its data set by portal_dataset, or read from nodes: history: rpc',
  );
}

function checkShards({ right: { shards, contract_address: given }, tell }: Look<MonitorKeys>): void {
  if (shards === undefined || shards === 1 || !isFactory(given)) return;
  tell('shards', "can't stand beside a factory", 'the children found in one stretch are read in all later ones');
}

function chainIdIn({
  chain_id: id,
  chain_name: name = '',
}: Partial<Pick<MonitorKeys, 'chain_id' | 'chain_name'>>): number {
  return id ?? chainIdOfName(name) ?? 0;
}

function eventsIn({ abi_path: named, abi: inline, contracts = [] }: Partial<MonitorKeys>): readonly AbiFragment[] {
  const abis = [named, inline, ...contracts.flatMap((contract) => [contract.abi_path, contract.abi])];
  const fragments = new Set(abis.flatMap((abi) => abi ?? []));
  return [...fragments].filter(({ type }) => type === 'event');
}

async function toConfig(keys: MonitorKeys): Promise<EventMonitorConfig> {
  return {
    chainName: keys.chain_name,
    chainId: chainIdIn(keys),
    contracts: contractsOf(keys),
    ...factoryOf(keys),
    eventsToMonitor: await eventsOf(keys),
    mode: keys.mode,
    startBlock: keys.start_block ?? null,
    endBlock: keys.end_block ?? null,
    finality: keys.finality,
    pollInterval: keys.poll_interval,
    addressFilters: [...new Set(keys.address_filters)],
    ...(keys.where === undefined ? {} : { where: toWhere(keys.where) }),
    keepUnknown: keys.keep_unknown,
    ...(keys.verify_heads ? { verifyHeads: true } : {}),
    ...portalOf(keys),
    ...(keys.shards === undefined || keys.shards === 1 ? {} : { shards: keys.shards }),
    batchSize: keys.batch_size,
  };
}

async function eventsOf(keys: MonitorKeys): Promise<readonly string[] | null> {
  const signatures = eventSignatures(eventsIn(keys));
  const selected = await Promise.all(keys.events_to_monitor.map((written) => selectEvent(written, signatures)));
  const events = new Set(selected.flatMap((each) => ('event' in each ? [each.event] : [])));
  return events.size === 0 ? null : [...events];
}

function portalOf(keys: MonitorKeys): Pick<EventMonitorConfig, 'portalDataset'> {
  const dataset = keys.portal_dataset ?? datasetOfChain(chainIdIn(keys));
  return keys.history === 'portal' && dataset !== undefined ? { portalDataset: dataset } : {};
}

function factoryOf({ contract_address: given }: MonitorKeys): Pick<EventMonitorConfig, 'factory'> {
  return isFactory(given) ? { factory: given } : {};
}

function isFactory(given: MonitorKeys['contract_address']): given is FactoryConfig {
  return given !== undefined && !Array.isArray(given);
}

/** Contracts that share an ABI are one entry. */
function contractsOf(keys: MonitorKeys): readonly ContractAbi[] {
  if (keys.contracts.length === 0) {
    const addresses = isFactory(keys.contract_address) ? [] : [...new Set(keys.contract_address)];
    return [{ addresses: addresses.length === 0 ? null : addresses, abi: keys.abi_path ?? keys.abi ?? [] }];
  }
  const byAbi = new Map<readonly AbiFragment[], Set<string>>();
  for (const { address: addresses, abi_path: named, abi: inline } of keys.contracts) {
    const abi = named ?? inline ?? [];
    const shared = byAbi.get(abi) ?? new Set();
    byAbi.set(abi, shared);
    for (const each of addresses) shared.add(each);
  }
  return [...byAbi].map(([abi, addresses]) => ({ addresses: [...addresses], abi }));
}
