// A program of its own: real runs of many pipelines in one process, each with its own node connection.
import { setMaxListeners } from 'node:events';
import process from 'node:process';
import { ChainClient } from '../src/chain/blocks/chain-client.js';
import { createDecoder } from '../src/chain/abi/decoder.js';
import { EventMonitor } from '../src/components/event-monitor/event-monitor.js';
import { openDatabase } from '../src/database/open/open-database.js';
import { TaskStore } from '../src/database/tasks/task-store.js';
import { systemClock } from '../src/runtime/clock.js';
import { silentLogger } from '../src/runtime/logger.js';
import { BeatRounds } from '../src/tasks/run/beat-rounds.js';
import { runTask } from '../src/tasks/run/run-task.js';
import { monitorConfig } from '../test/support/monitor-run.js';
import type { StallWork } from './stall.js';

const work = JSON.parse(process.argv[2] ?? '') as StallWork;
const stop = new AbortController();
setMaxListeners(0, stop.signal);
const database = await openDatabase(work.url, { statementTimeoutMs: 10_000, beatTimeoutMs: 2_000 });
const rounds = new BeatRounds({ tasks: new TaskStore(database), clock: systemClock });
const config = { ...monitorConfig, mode: 'realtime', startBlock: null, pollInterval: 0.1 } as const;

async function run(pipelineId: number): Promise<void> {
  const urls = [work.rpcUrl];
  // A request may take longer than a stall: it is the stall limit that must find it.
  const options = {
    urls,
    chainId: config.chainId,
    clock: systemClock,
    logger: silentLogger,
    requestTimeoutMs: 600_000,
  };
  const chain = new ChainClient(options);
  await runTask({
    database,
    rounds,
    pipelineId,
    chainId: config.chainId,
    run: {},
    mode: 'realtime',
    clock: systemClock,
    lang: 'en',
    worker: { name: `bench:${process.pid}`, identity: null, isGone: () => false },
    heartbeatIntervalSeconds: work.heartbeatIntervalSeconds,
    stallAfterSeconds: work.stallAfterSeconds,
    timeoutMinutes: null,
    logPathPrefix: '',
    takeOver: false,
    begin: () =>
      Promise.resolve({
        source: new EventMonitor(config, { chain, decoder: createDecoder(config) }),
        logger: silentLogger,
      }),
    onProgress: () => undefined,
    mask: (text) => text,
    stopping: stop.signal,
    signal: stop.signal,
  });
}

process.on('disconnect', () => process.exit());
await Promise.all(work.pipelines.map(run));
