import { setMaxListeners } from 'node:events';
import { ChainClient } from '../src/chain/blocks/chain-client.js';
import { createDecoder } from '../src/chain/abi/decoder.js';
import { EventMonitor } from '../src/components/event-monitor/event-monitor.js';
import { silentLogger } from '../src/runtime/logger.js';
import { SimProcess } from '../test/proof/simulator/sim-process.js';
import { Timeline } from '../test/proof/simulator/timeline.js';
import { Troubles } from '../test/proof/simulator/troubles.js';
import { MessageLedger } from '../test/support/message-ledger.js';
import { monitorConfig } from '../test/support/monitor-run.js';
import { seededRandom } from '../test/support/seeded-random.js';
import { farChain } from './far-chain.js';
import { FarLine } from './far-line.js';
import { FarNodeRules } from './far-node-rules.js';
import type { FarNodeFigures, FarNodeTraits } from './far-node-rules.js';

export interface FarPlayed {
  /** Of the virtual clock, from the first request to the last batch. */
  readonly seconds: number;
  readonly figures: FarNodeFigures;
}

export interface FarPlay {
  readonly traits: FarNodeTraits;
  /** The last block that is read; the node has more. */
  readonly to: number;
  readonly seed: number;
}

/** Reads history from a far node in virtual time, in which nothing but the line takes any; all chance follows from the seed. */
export async function playFar(play: FarPlay): Promise<FarPlayed> {
  const systemRandom = Math.random;
  // Backoff and jitter draw from it.
  Math.random = seededRandom(play.seed ^ 0x5eed);
  try {
    return await read(play);
  } finally {
    Math.random = systemRandom;
  }
}

async function read({ traits, to, seed }: FarPlay): Promise<FarPlayed> {
  const timeline = new Timeline(seededRandom(seed));
  const parts = { name: 'run', timeline, troubles: new Troubles(), random: seededRandom(seed), skewMs: 0 };
  const { clock } = new SimProcess(parts);
  const rules = new FarNodeRules(traits, clock, seed);
  const chain = farChain(traits);
  const client = new ChainClient({
    urls: ['http://far.example/key'],
    chainId: monitorConfig.chainId,
    clock,
    logger: silentLogger,
    transport: (options) => new FarLine(options, { traits, rules, chain }),
  });
  const config = { ...monitorConfig, startBlock: 1, endBlock: to, batchSize: 2_000 };
  const { signal } = new AbortController();
  setMaxListeners(0, signal);
  const messages = new EventMonitor(config, { chain: client, decoder: createDecoder(config) }).messages({
    run: {},
    ...new MessageLedger().state(),
    clock,
    logger: silentLogger,
    moved: () => Promise.resolve(),
    stopping: signal,
    signal,
  });
  let [events, seconds] = [0, -1];
  let failure: unknown = null;
  const consume = async (): Promise<void> => {
    for await (const message of messages) if (message.kind === 'events') events += message.events.length;
    seconds = timeline.now / 1_000;
  };
  let isOver = false;
  void consume()
    .catch((error: unknown) => (failure = error))
    .finally(() => (isOver = true));
  await timeline.run(() => isOver);
  await client.close();
  if (failure !== null) throw failure as Error;
  if (events !== to * traits.logsPerBlock) throw new Error(`${events} events were read`);
  return { seconds, figures: rules.takeFigures() };
}
