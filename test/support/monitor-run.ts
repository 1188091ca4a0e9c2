import { ChainClient } from '../../src/chain/blocks/chain-client.js';
import type { ChainClientOptions } from '../../src/chain/blocks/chain-client.js';
import type { HeadFeed } from '../../src/chain/blocks/head-feed.js';
import { PortalClient } from '../../src/chain/portal/portal-client.js';
import type { PortalHealth } from '../../src/chain/portal/portal-health.js';
import { createDecoder } from '../../src/chain/abi/decoder.js';
import type { SourceContext } from '../../src/components/seam/source.js';
import type { RunRequest } from '../../src/model/run-request.js';
import { EventMonitor } from '../../src/components/event-monitor/event-monitor.js';
import type { SourceMessage } from '../../src/model/batch.js';
import type { EventMonitorConfig } from '../../src/components/event-monitor/config.js';
import { silentLogger } from '../../src/runtime/logger.js';
import { HastyClock, deadlineMs } from './hasty-clock.js';
import type { MessageLedger } from './message-ledger.js';
import { simContract } from './simulated-chain.js';
import { transferAbi } from './transfer-emitter.js';

/** The definition of a monitor of a simulated chain's transfers. */
export const monitorConfig: EventMonitorConfig = {
  chainName: 'chain-31337',
  chainId: 31_337,
  contracts: [{ addresses: [simContract], abi: transferAbi }],
  eventsToMonitor: null,
  mode: 'historical',
  startBlock: 1,
  endBlock: null,
  finality: 'latest',
  pollInterval: 1,
  addressFilters: [],
  keepUnknown: false,
  batchSize: 50,
};

export interface MonitorRunOptions {
  /** None: what is final comes from the portal. */
  readonly urls: readonly string[];
  readonly portalUrl?: string;
  readonly portalHealth?: PortalHealth;
  readonly ledger: MessageLedger;
  readonly config?: Partial<EventMonitorConfig>;
  readonly run?: RunRequest;
  readonly client?: Partial<ChainClientOptions>;
  /** A chain that others follow, too, in place of one of its own; it is the caller's to close. */
  readonly chain?: { readonly client: ChainClient; readonly heads: HeadFeed };
  readonly context?: Partial<SourceContext>;
  /** Called after each message that was stored; `stop` ends the run gently. */
  readonly stored?: (message: SourceMessage, stop: () => void) => unknown;
  /** Called at each sign of progress. */
  readonly moved?: (known: Parameters<SourceContext['moved']>[0], stop: () => void) => unknown;
}

/** Runs an EventMonitor until it ends, storing what it sends. */
export async function runMonitor(options: MonitorRunOptions): Promise<void> {
  const { urls, ledger, run = {}, stored, moved } = options;
  const config = { ...monitorConfig, ...options.config };
  const clock = options.context?.clock ?? new HastyClock();
  const logger = options.context?.logger ?? silentLogger;
  const { chainId } = config;
  const chain =
    urls.length === 0
      ? null
      : new ChainClient({ urls, chainId, clock, logger, requestTimeoutMs: deadlineMs, ...options.client });
  const portal = options.portalUrl === undefined ? null : new PortalClient({ url: options.portalUrl, clock });
  const stopping = new AbortController();
  const stop = (): void => stopping.abort(new Error('stopped'));
  const context: SourceContext = {
    run,
    ...ledger.state(),
    clock,
    logger,
    moved: (known) => Promise.resolve(known).then((progress) => void moved?.(progress, stop)),
    stopping: stopping.signal,
    signal: new AbortController().signal,
    ...options.context,
  };
  ledger.mayRepeat = run.fresh === true || run.fromBlock !== undefined;
  ledger.mayJump = ledger.mayRepeat || ledger.checkpoint.blockNumber === null;
  try {
    const deps = options.chain === undefined ? { chain } : { chain: options.chain.client, heads: options.chain.heads };
    const monitor = new EventMonitor(config, {
      ...deps,
      portal,
      portalHealth: options.portalHealth,
      decoder: createDecoder(config),
    });
    for await (const message of monitor.messages(context)) {
      ledger.apply(message);
      stored?.(message, stop);
    }
  } finally {
    await chain?.close();
    await portal?.close();
  }
}
