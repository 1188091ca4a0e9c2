import { seededRandom } from '../../support/seeded-random.js';
import { Ambush } from './ambush.js';
import type { Engine } from './engine.js';
import type { Run, Told } from './history.js';
import { Network } from './network.js';
import type { Plan } from './plan.js';
import type { ProcessDatabases } from './process-database.js';
import { SimChain } from './sim-chain.js';
import { SimProcess } from './sim-process.js';
import { SimServer } from './sim-server.js';
import { Timeline } from './timeline.js';
import { Troubles } from './troubles.js';

export type Trace = (text: string) => void;

/** All that the processes of one schedule share, and what has become of them. */
export class World {
  readonly plan: Plan;
  readonly engine: Engine;
  readonly databases: ProcessDatabases;
  readonly random: () => number;
  readonly timeline: Timeline;
  readonly troubles = new Troubles();
  readonly chain: SimChain;
  readonly server: SimServer;
  readonly ambush: Ambush;
  readonly network: Network;
  readonly processes = new Map<string, SimProcess>();
  readonly runs: Run[] = [];
  readonly told: Told[] = [];
  readonly monitors = new Map<string, number>();
  readonly surprises: string[] = [];
  readonly trace: Trace;

  constructor(plan: Plan, engine: Engine, databases: ProcessDatabases, trace: Trace | null) {
    this.plan = plan;
    this.engine = engine;
    this.databases = databases;
    this.random = seededRandom(plan.seed ^ 0x5eed);
    this.timeline = new Timeline(this.random);
    this.trace = (text) => trace?.(`${(this.timeline.now / 1_000).toFixed(3).padStart(9)}  ${text}`);
    const { timeline, troubles, random, trace: tell } = this;
    this.chain = new SimChain(plan.lastBlock, plan.reorg);
    this.server = new SimServer({ engine, timeline, troubles, random, trace: tell, skewMs: plan.databaseSkewMs });
    this.ambush = new Ambush(plan.ambush, this);
    this.network = new Network({
      server: this.server,
      timeline,
      troubles,
      random,
      trace: tell,
      faults: plan.packets,
      onArrival: (sender, request) => this.ambush.meet(sender, request),
    });
  }

  /** Starts a process. */
  start(name: string, skewMs: number): SimProcess {
    const { timeline, troubles, random } = this;
    const process = new SimProcess({ name, timeline, troubles, random, skewMs });
    this.processes.set(name, process);
    return process;
  }
}
