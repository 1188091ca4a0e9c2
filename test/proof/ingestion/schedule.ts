import type { Logger } from '../../../src/runtime/logger.js';
import { NodeLagsError } from '../../../src/chain/blocks/consistency.js';
import { ChainMismatchError, ChainUnreachableError, NeedsRewindError } from '../../../src/runtime/errors.js';
import { seededRandom } from '../../support/seeded-random.js';
import { Dice } from '../simulator/dice.js';
import { Timeline } from '../simulator/timeline.js';
import { Troubles } from '../simulator/troubles.js';
import { ChangedChain } from './changed-chain.js';
import { ExpectedRows } from './expected-rows.js';
import type { Plan } from './plan.js';
import { RowJudge } from './row-judge.js';
import { SimEndpoint } from './sim-endpoint.js';
import { drawEvents, prehistoryOf } from './sim-events.js';
import { SimRun } from './sim-run.js';
import type { SimStore } from './sim-store.js';
import { SimTruth } from './sim-truth.js';

/** What became of a schedule. */
export interface Outcome {
  /** What must not happen, and did. */
  readonly wrong: readonly string[];
  /** Virtual time at its end, in milliseconds. */
  readonly endedAt: number;
  readonly counts: Readonly<Record<string, number>>;
}

/** How long a schedule may go on after its last fault, in milliseconds of virtual time. */
const longestMs = 1_200_000;
/** After how long a run that gave up is begun anew, as by whoever looks after it. */
const patienceMs = 20_000;
/** Who gives up must not have had an endpoint for so long that could have answered all, in milliseconds. */
const wellMs = 60_000;
/** For how long nothing may be read though an endpoint could have answered all, in milliseconds. */
const stillMs = 150_000;
/** How often it is looked at whether all has been read, in milliseconds. */
const lookMs = 250;

/** Plays a schedule to its end. */
export async function playSchedule(
  plan: Plan,
  store: SimStore,
  trace: ((text: string) => void) | null,
): Promise<Outcome> {
  const schedule = new Schedule(plan, store, trace);
  const systemRandom = Math.random;
  // Backoff and jitter draw from it: a schedule must be the same when it is played again.
  Math.random = schedule.random;
  try {
    return await schedule.play();
  } finally {
    Math.random = systemRandom;
  }
}

class Schedule {
  readonly random: () => number;
  readonly #plan: Plan;
  readonly #store: SimStore;
  readonly #trace: ((text: string) => void) | null;
  readonly #timeline: Timeline;
  readonly #troubles = new Troubles();
  readonly #truth: SimTruth;
  readonly #endpoints = new Map<string, SimEndpoint>();
  readonly #judge: RowJudge;
  readonly #changed: ChangedChain;
  readonly #wrong: string[] = [];
  #run: SimRun | null = null;
  /** How many commits there were, and since when. */
  #commits = { count: 0, since: 0 };
  #runs = 0;
  #gaveUp = 0;
  /** 1 where a run met what no run can go on with. */
  #doomed = 0;
  #isOver = false;

  constructor(plan: Plan, store: SimStore, trace: ((text: string) => void) | null) {
    this.#plan = plan;
    this.#store = store;
    this.#trace = trace;
    this.random = seededRandom(plan.seed ^ 0x5eed);
    this.#timeline = new Timeline(this.random);
    const dice = new Dice(this.random);
    const { density, prehistory, definition } = plan;
    this.#truth = new SimTruth({
      blocks: prehistoryOf(density, prehistory, 'ours'),
      finalDepth: finalDepthOf(plan),
      eventsOf: () => drawEvents(dice, density),
      now: () => this.#timeline.now,
    });
    this.#judge = new RowJudge({ store, truth: this.#truth, expected: new ExpectedRows(definition) });
    this.#changed = new ChangedChain({ plan, truth: this.#truth, judge: this.#judge });
    this.#openEndpoints();
  }

  async play(): Promise<Outcome> {
    const { plan, judge, timeline } = { plan: this.#plan, judge: this.#judge, timeline: this.#timeline };
    const { databaseMs } = plan;
    this.#store.reset({ timeline, random: this.random, databaseMs, written: () => judge.look() });
    this.#set();
    await timeline.run(() => this.#isOver || judge.wrong.length > 0);
    if (!this.#isOver && judge.wrong.length === 0) this.#wrong.push('everything stands still');
    judge.lookAtAll();
    this.#wrong.push(...(await this.#store.judgeJournal(this.#keepsRemoved)));
    const sum = (of: 'requests' | 'ranges' | 'refused'): number =>
      [...this.#endpoints.values()].reduce((total, endpoint) => total + endpoint[of], 0);
    const { commits, rollbacks } = judge;
    const asked = { requests: sum('requests'), ranges: sum('ranges'), refused: sum('refused') };
    const counts = { runs: this.#runs, gaveUp: this.#gaveUp, doomed: this.#doomed, ...asked, commits, rollbacks };
    return { wrong: [...this.#wrong, ...judge.wrong], endedAt: timeline.now, counts };
  }

  /** Whether the pipeline has sinks, for which what goes is kept. */
  get #keepsRemoved(): boolean {
    return this.#plan.seed % 4 !== 0;
  }

  #openEndpoints(): void {
    const { plan, truth } = { plan: this.#plan, truth: this.#truth };
    const { chainId } = plan.definition;
    plan.endpoints.forEach((endpoint, i) => {
      const now = (): number => this.#timeline.now;
      const parts = { ...plan, plan: endpoint, truth, chainId, random: this.random, now };
      this.#endpoints.set(`node-${i + 1}`, new SimEndpoint(parts));
    });
  }

  /** Puts everything on the timeline. */
  #set(): void {
    const { blockMs, reorgs, restarts, quietMs, endpoints, change } = this.#plan;
    const timeline = this.#timeline;
    this.#begin();
    for (let at = blockMs; at < quietMs; at += blockMs) timeline.after(at, () => this.#grow(1));
    for (const { atMs, depth, count } of reorgs) timeline.after(atMs, () => this.#reorg(depth, count));
    for (const { atMs, kind, pauseMs } of restarts) timeline.after(atMs, () => this.#restart(kind, pauseMs));
    for (const [i, { episodes }] of endpoints.entries()) {
      for (const { kind, fromMs, toMs } of episodes) {
        timeline.after(fromMs, () => this.#breakConnections(i, kind));
        if (kind === 'swapped' && toMs < quietMs) timeline.after(toMs, () => this.#breakConnections(i, kind));
      }
    }
    if (change?.kind === 'reset') timeline.after(change.atMs, () => this.#reset(change.blocks, change.kept));
    timeline.after(quietMs, () => {
      this.#tell('quiet');
      // What was highest once is reached again.
      this.#grow(Math.max(1, this.#truth.highest - this.#truth.head.number + 1));
      this.#watch();
    });
    for (let block = 1; block <= 3; block++) timeline.after(quietMs + block * blockMs, () => this.#grow(1));
  }

  #grow(count: number): void {
    this.#checkStandstill();
    this.#show(this.#truth.mine(count));
  }

  #reorg(depth: number, count: number): void {
    const before = this.#truth.head.number;
    // Nobody takes back what is final, but where that is what the schedule is about; and not while the past is being read.
    const isNew = (this.#judge.block?.number ?? -1) > this.#truth.highest - 64;
    const isDeep = this.#plan.doom === 'deep-reorg' && depth > 17 && isNew;
    this.#show(isDeep ? this.#truth.replace(depth + 64, count + 64) : this.#truth.reorg(depth, count));
    this.#tell(`reorg ${depth} deep: head ${before} -> ${this.#truth.head.number}`);
  }

  /** The nodes are begun anew, with an empty chain or from what they once kept of it. */
  #reset(blocks: number, kept: number): void {
    this.#show(this.#truth.reset(blocks - kept, kept));
    for (const i of this.#plan.endpoints.keys()) this.#breakConnections(i, 'reset');
    this.#tell(`the chain begins anew with ${blocks} blocks, ${kept} of them as they were`);
  }

  #show(blocks: SimTruth['blocks']): void {
    for (const endpoint of this.#endpoints.values()) endpoint.tell(blocks);
  }

  #breakConnections(index: number, kind: string): void {
    this.#tell(`node-${index + 1}: ${kind}`);
    if (!['away', 'flapping', 'moved', 'swapped', 'reset'].includes(kind)) return;
    for (const lose of [...(this.#endpoints.get(`node-${index + 1}`)?.connections ?? [])]) lose();
  }

  /** A run must not wait for an endpoint that is away, or for one that lies, while another one is well. */
  #checkStandstill(): void {
    const { now } = this.#timeline;
    const { block, commits } = this.#judge;
    const isDone = (block?.number ?? -1) >= this.#readable();
    if (commits !== this.#commits.count || isDone || this.#run === null) this.#commits = { count: commits, since: now };
    const beganAt = this.#run?.beganAt ?? now;
    if (now - Math.max(this.#commits.since, beganAt) < stillMs) return;
    const well = [...this.#endpoints].find(([, endpoint]) => endpoint.wasWellFor(stillMs, beganAt));
    if (well !== undefined)
      this.#wrong.push(`nothing was read for a while though ${well[0]} was well: ${this.#stand()}`);
    this.#commits = { count: commits, since: now };
  }

  #begin(): void {
    if (this.#isOver) return;
    const name = `p${++this.#runs}`;
    this.#tell(`${name} begins`);
    const run = new SimRun({
      name,
      definition: this.#plan.definition,
      endpoints: this.#endpoints,
      timeline: this.#timeline,
      troubles: this.#troubles,
      random: this.random,
      open: (process) => this.#store.open(process),
      keepsRemoved: this.#keepsRemoved,
      logger: this.#logger(name),
      ended: (ended, error) => this.#ended(ended, error),
    });
    this.#run = run;
    run.begin();
  }

  #restart(kind: 'crash' | 'stop', pauseMs: number): void {
    const run = this.#run;
    if (run === null || run.isStopped) return;
    this.#tell(`${run.process.name}: ${kind}`);
    if (kind === 'stop') {
      run.stop();
      return;
    }
    run.crash();
    this.#run = null;
    this.#timeline.after(pauseMs, () => this.#begin());
  }

  #ended(run: SimRun, error: Error | null): void {
    if (run !== this.#run) return;
    this.#run = null;
    this.#tell(`${run.process.name} ends: ${error === null ? 'done' : String(error)}`);
    if (error === null && !run.isStopped) this.#complete();
    else if (error === null) this.#timeline.after(0, () => this.#begin());
    else this.#fail(run, error);
  }

  #fail(run: SimRun, error: Error): void {
    if (this.#changed.endsRuns(error)) {
      this.#wrong.push(...this.#changed.complaints(error));
      this.#doomed = 1;
      if (this.#changed.isForGood) this.#isOver = true;
      else this.#timeline.after(patienceMs, () => this.#begin());
      return;
    }
    if (this.#isDueTo(error)) {
      this.#doomed = 1;
      this.#isOver = true;
      return;
    }
    this.#gaveUp++;
    const wasWell = [...this.#endpoints.values()].some((endpoint) => endpoint.wasWellFor(wellMs, run.beganAt));
    if (wasWell && !this.#isLeftToOthers(error))
      this.#wrong.push(`${run.process.name} gave up though an endpoint was well: ${error.message}`);
    const { quietMs } = this.#plan;
    const isAllowed = error instanceof ChainUnreachableError && run.beganAt < quietMs;
    if (!isAllowed) this.#wrong.push(`${run.process.name} failed: ${error.stack ?? String(error)}`);
    if (isAllowed) this.#timeline.after(patienceMs, () => this.#begin());
    else this.#isOver = true;
  }

  /** That final blocks were replaced is left to a later run while an endpoint that can't be asked may know better. */
  #isLeftToOthers(error: Error): boolean {
    const isReplaced = this.#truth.isReset || this.#plan.doom === 'deep-reorg';
    return isReplaced && error instanceof NodeLagsError && error.message.endsWith(' nothing');
  }

  /** Says whether a run has met what no run can go on with. */
  #isDueTo(error: Error): boolean {
    const { doom } = this.#plan;
    if (doom === 'other-chain') return error instanceof ChainMismatchError;
    if (doom === 'pruned') return error instanceof ChainUnreachableError && error.message.includes('pruned');
    return doom === 'deep-reorg' && error instanceof NeedsRewindError;
  }

  /** A run ended by itself, as one of the past does when it has read all. */
  #complete(): void {
    this.#isOver = true;
    this.#checkDoom();
    const { mode, endBlock } = this.#plan.definition;
    if (mode === 'realtime') this.#wrong.push('a run that follows the head has ended');
    const number = this.#judge.block?.number;
    if (endBlock !== null && number !== endBlock) this.#wrong.push(`it ended with block ${String(number)}`);
  }

  /** From now on nothing goes wrong any more: looks whether all has been read. */
  #watch(): void {
    const { quietMs, blockMs, definition } = this.#plan;
    const isLate = this.#timeline.now > quietMs + 4 * blockMs;
    if (isLate && definition.mode === 'realtime' && this.#hasReadAll()) {
      this.#checkDoom();
      this.#isOver = true;
      return;
    }
    // Who reads up to a block waits for it; that the chain was begun anew shows once there is more to read.
    const wanted = this.#truth.isReset ? (this.#judge.block?.number ?? -1) + 1 : -1;
    if (this.#readable() < Math.max(wanted, definition.endBlock ?? -1)) this.#grow(1);
    if (this.#timeline.now > quietMs + longestMs) {
      this.#wrong.push(`not at its end ${longestMs / 60_000} minutes after the last fault, but at ${this.#stand()}`);
      this.#isOver = true;
    }
    this.#timeline.after(lookMs, () => this.#watch());
  }

  #checkDoom(): void {
    const { doom } = this.#plan;
    if (doom === 'other-chain' || doom === 'pruned') this.#wrong.push(`it read on in spite of ${doom}`);
  }

  #hasReadAll(): boolean {
    const { block, rollbacks } = this.#judge;
    const number = this.#readable();
    if (number < 0) return block === undefined && rollbacks === 0;
    return block !== undefined && block === this.#truth.blocks[number];
  }

  #readable(): number {
    const { definition, finalizedDistance, safeDistance, endpoints } = this.#plan;
    const { finality, startBlock } = definition;
    const isKnown = endpoints.every(({ knowsFinality }) => knowsFinality);
    const depths = { latest: 0, safe: isKnown ? safeDistance : 64, finalized: isKnown ? finalizedDistance : 64 };
    const below = this.#truth.head.number - (typeof finality === 'number' ? finality : depths[finality]);
    // Who knows what is final takes the first block for final in any case.
    const readable = isKnown && typeof finality === 'string' ? Math.max(0, below) : below;
    // Nothing is read before the first block wanted.
    return startBlock !== null && readable < startBlock ? -1 : readable;
  }

  #stand(): string {
    return `block ${String(this.#judge.block?.number)} of ${this.#readable()} (head ${this.#truth.head.number})`;
  }

  #logger(name: string): Logger {
    const log: Logger['log'] = (level, message) => this.#tell(`${name} ${level}: ${message}`);
    return { log };
  }

  #tell(text: string): void {
    this.#trace?.(`${(this.#timeline.now / 1_000).toFixed(3).padStart(9)}  ${text}`);
  }
}

/** How many blocks below its head the chain replaces none: less than any endpoint, or who asks it, takes for final. */
function finalDepthOf({ endpoints, finalizedDistance }: Plan): number {
  return Math.min(...endpoints.map(({ knowsFinality }) => (knowsFinality ? finalizedDistance : 64)));
}
