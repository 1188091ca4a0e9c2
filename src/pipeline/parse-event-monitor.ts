import type { AbiFragment, ContractAbi, EventMonitorConfig, Finality } from '../model/pipeline.js';
import { DefinitionMap } from './definition-map.js';
import { parseAddresses } from './parse-address.js';
import { parseChain } from './parse-chain.js';
import type { AbiResolver } from './resolve-abi.js';
import { abiKeys } from './resolve-abi.js';
import { selectEvents } from './select-events.js';
import { shown } from './yaml-node.js';

/** Every key that an `event_monitor` component may have. */
export const eventMonitorKeys = [
  'name',
  'type',
  'chain_name',
  'chain_id',
  'contract_address',
  ...abiKeys,
  'contracts',
  'events_to_monitor',
  'mode',
  'start_block',
  'end_block',
  'finality',
  'poll_interval',
  'address_filters',
  'keep_unknown',
  'verify_heads',
  'batch_size',
];

const anyBlock = { min: 0, max: Number.MAX_SAFE_INTEGER };
const oneDaySeconds = 86_400;

/** Validates an `event_monitor` component and puts the contents of its ABIs into it. */
export async function parseEventMonitor(map: DefinitionMap, abis: AbiResolver): Promise<EventMonitorConfig> {
  map.refuseUnknownKeys(eventMonitorKeys, hintForKey);
  const contracts = await parseContracts(map, abis);
  return {
    ...parseChain(map),
    contracts,
    eventsToMonitor: await selectEvents(
      map,
      contracts.map(({ abi }) => abi),
    ),
    mode: map.choice('mode', ['historical', 'realtime']) ?? 'historical',
    ...parseBlocks(map),
    finality: parseFinality(map),
    pollInterval: map.positive('poll_interval', oneDaySeconds) ?? 1,
    addressFilters: parseAddresses(map, 'address_filters'),
    keepUnknown: map.flag('keep_unknown') ?? false,
    ...(map.flag('verify_heads') === true ? { verifyHeads: true } : {}),
    batchSize: map.whole('batch_size', { min: 1, max: 1_000_000 }) ?? 2000,
  };
}

function hintForKey(key: string): string | undefined {
  if (!/rpc|endpoint|provider|^url$|node_url/i.test(key)) return undefined;
  return "a chain's RPC URLs are settings, never part of a definition: use --rpc-url or, for ethereum, ETHEREUM_RPC_URL";
}

async function parseContracts(map: DefinitionMap, abis: AbiResolver): Promise<readonly ContractAbi[]> {
  const entries = map.list('contracts');
  if (entries.length === 0) {
    const addresses = parseAddresses(map, 'contract_address');
    return [{ addresses: addresses.length === 0 ? null : addresses, abi: await abis.resolve(map) }];
  }
  for (const key of ['contract_address', ...abiKeys]) map.refuseBoth('contracts', key);
  const byAbi = new Map<readonly AbiFragment[], Set<string>>();
  for (const entry of entries) {
    const contract = DefinitionMap.of(entry, 'an entry of contracts');
    contract.refuseUnknownKeys(['address', ...abiKeys]);
    const addresses = parseAddresses(contract, 'address');
    if (addresses.length === 0) throw contract.problem('address', 'is required');
    const abi = await abis.resolve(contract);
    const shared = byAbi.get(abi) ?? new Set();
    byAbi.set(abi, shared);
    for (const address of addresses) shared.add(address);
  }
  return [...byAbi].map(([abi, addresses]) => ({ addresses: [...addresses], abi }));
}

function parseBlocks(map: DefinitionMap): { startBlock: number | null; endBlock: number | null } {
  const startBlock = map.whole('start_block', anyBlock) ?? null;
  const endBlock = map.whole('end_block', anyBlock) ?? null;
  if (startBlock !== null && endBlock !== null && endBlock < startBlock) {
    throw map.problem('end_block', `${endBlock} is before start_block ${startBlock}`);
  }
  return { startBlock, endBlock };
}

const finalityTags = ['latest', 'safe', 'finalized'] as const;

function parseFinality(map: DefinitionMap): Finality {
  const node = map.get('finality');
  if (node === undefined) return 'latest';
  const tag = finalityTags.find((candidate) => node.kind === 'scalar' && node.value === candidate);
  if (tag !== undefined) return tag;
  if (node.kind === 'scalar' && typeof node.value !== 'string') {
    return map.whole('finality', { min: 0, max: 1_000_000 }) ?? 'latest';
  }
  throw map.problem('finality', `must be latest, safe, finalized or a number of confirmations, not ${shown(node)}`);
}
