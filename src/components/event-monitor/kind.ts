import { eventSignatures } from '../../chain/abi/abi.js';
import type { SourceKind } from '../seam/component.js';
import type { EventMonitorConfig } from './config.js';
import { eventMonitorFields } from './event-fields.js';
import { eventMonitorKeys } from './keys.js';
import { eventMonitorRows } from './rows.js';
import { selectionOf } from './selection.js';

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
