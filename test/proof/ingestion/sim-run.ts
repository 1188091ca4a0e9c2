import { ChainClient } from '../../../src/chain/blocks/chain-client.js';
import { createDecoder } from '../../../src/chain/abi/decoder.js';
import { EventMonitor } from '../../../src/components/event-monitor/event-monitor.js';
import type { Database } from '../../../src/database/database.js';
import type { EventMonitorConfig } from '../../../src/components/event-monitor/config.js';
import type { Logger } from '../../../src/runtime/logger.js';
import { runTask } from '../../../src/tasks/run/run-task.js';
import { SimProcess } from '../simulator/sim-process.js';
import type { Timeline } from '../simulator/timeline.js';
import type { Troubles } from '../simulator/troubles.js';
import type { SimEndpoint } from './sim-endpoint.js';
import { SimTransport } from './sim-transport.js';

export interface SimRunParts {
  readonly name: string;
  readonly definition: EventMonitorConfig;
  /** By the hosts of their URLs. */
  readonly endpoints: ReadonlyMap<string, SimEndpoint>;
  readonly timeline: Timeline;
  readonly troubles: Troubles;
  readonly random: () => number;
  readonly open: (process: SimProcess) => Database;
  readonly keepsRemoved: boolean;
  readonly logger: Logger;
  /** Called when it has ended by itself; null: as it should. */
  readonly ended: (run: SimRun, error: Error | null) => void;
}

/** How long calls in the air may still take once a run shall stop, as the program has it, in milliseconds. */
const graceMs = 3_000;

/** A simulated `run-pipeline --take-over`: one process that runs the pipeline, by the program's own code. */
export class SimRun {
  readonly beganAt: number;
  readonly process: SimProcess;
  /** Whether it was told to end. */
  isStopped = false;
  readonly #parts: SimRunParts;
  readonly #stopping = new AbortController();
  readonly #signal = new AbortController();

  constructor(parts: SimRunParts) {
    this.#parts = parts;
    this.beganAt = parts.timeline.now;
    this.process = new SimProcess({ ...parts, skewMs: 0 });
  }

  begin(): void {
    const { ended } = this.#parts;
    runTask(this.#options()).then(
      () => ended(this, null),
      (error: unknown) => ended(this, error as Error),
    );
  }

  crash(): void {
    this.process.crash();
    for (const { connections } of this.#parts.endpoints.values()) for (const lose of [...connections]) lose();
  }

  /** SIGTERM. */
  stop(): void {
    this.isStopped = true;
    this.#stopping.abort(new Error('terminated'));
    this.process.timer(graceMs, () => this.#signal.abort(new Error('terminated')));
  }

  #options(): Parameters<typeof runTask>[0] {
    const { name, definition, logger, open } = this.#parts;
    const { clock } = this.process;
    return {
      pipelineId: 1,
      chainId: definition.chainId,
      run: {},
      mode: definition.mode,
      lang: 'en',
      clock,
      database: open(this.process),
      worker: { name, identity: null, isGone: () => false },
      heartbeatIntervalSeconds: 30,
      stallAfterSeconds: 300,
      timeoutMinutes: null,
      logPathPrefix: 'logs/pipeline_',
      takeOver: true,
      keepsRemoved: this.#parts.keepsRemoved,
      begin: () => Promise.resolve({ source: this.#source(), logger }),
      onProgress: () => undefined,
      mask: (text) => text,
      stopping: this.#stopping.signal,
      signal: this.#signal.signal,
    };
  }

  #source(): EventMonitor {
    const { definition, endpoints, logger } = this.#parts;
    const chain = new ChainClient({
      urls: [...endpoints].map(([host, { plan }]) => `${plan.protocol}://${host}`),
      chainId: definition.chainId,
      clock: this.process.clock,
      logger,
      transport: (options) => {
        const endpoint = endpoints.get(new URL(options.url).host)!;
        return new SimTransport(options, { ...this.#parts, endpoint, process: this.process });
      },
    });
    return new EventMonitor(definition, { chain, decoder: createDecoder(definition) });
  }
}
