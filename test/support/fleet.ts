import { setTimeout as wait } from 'node:timers/promises';
import type { Database } from '../../src/database/database.js';
import { openDatabase } from '../../src/database/open/open-database.js';
import { ChainSimulator } from './chain-simulator.js';
import type { Child } from './child.js';
import { Scenario, idsOf, idsOfLines, type ScenarioSource } from './scenario.js';
import { eventually } from './within.js';

/** What `pipeline show --json` says of a pipeline, as far as a fleet needs it. */
interface ShownPipeline {
  readonly waiting_for: string | null;
  readonly wanted: {
    readonly state: string;
    readonly failures: number;
    readonly held_reason: string | null;
    readonly next_start: string | null;
    readonly waiting_for: string | null;
  } | null;
}

/** What was seen of the tasks that run, again and again: whether two of one pipeline do, and for how long none did. */
export class Watched {
  /** Pipelines of which two tasks ran at one time. */
  readonly doubles = new Set<number>();
  /** How long nobody ran a pipeline between two of its tasks, in milliseconds. */
  readonly gaps: number[] = [];
  readonly #database: Database;
  readonly #over = new AbortController();
  readonly #since = new Map<number, { at: number; task: number; isRunning: boolean }>();
  readonly #watching: Promise<void>;

  constructor(database: Database) {
    this.#database = database;
    this.#watching = this.#watch();
  }

  async end(): Promise<this> {
    this.#over.abort();
    await this.#watching;
    return this;
  }

  async #watch(): Promise<void> {
    while (!this.#over.signal.aborted) {
      await this.#look().catch(() => undefined);
      await wait(50);
    }
  }

  async #look(): Promise<void> {
    const rows = await this.#database.read<{ id: number; pipeline_id: number }[]>((knex) =>
      knex('pipeline_task').where({ status: 0 }).select('id', 'pipeline_id'),
    );
    const now = performance.now();
    const running = new Map<number, number>();
    for (const { id, pipeline_id: pipeline } of rows) {
      if (running.has(pipeline)) this.doubles.add(pipeline);
      running.set(pipeline, id);
    }
    for (const [pipeline, seen] of this.#since) {
      if (seen.isRunning && running.get(pipeline) !== seen.task) Object.assign(seen, { at: now, isRunning: false });
    }
    for (const [pipeline, task] of running) {
      const seen = this.#since.get(pipeline);
      if (seen?.isRunning === false) this.gaps.push(now - seen.at);
      this.#since.set(pipeline, { at: now, task, isRunning: true });
    }
  }
}

/** Some pipelines over one simulated chain, and workers as processes of their own. */
export class Fleet {
  readonly node: ChainSimulator;
  readonly scenario: Scenario;
  readonly database: Database;
  readonly workers: Child[] = [];

  private constructor(node: ChainSimulator, scenario: Scenario, database: Database) {
    this.node = node;
    this.scenario = scenario;
    this.database = database;
  }

  /** Makes a database with pipelines 45, 46, …; nothing runs yet. */
  static async begin(url: string, pipelines: number, source: ScenarioSource = { mode: 'realtime' }): Promise<Fleet> {
    const node = await ChainSimulator.start({}, { finalizedDistance: 64 });
    node.mine(20);
    const scenario = await Scenario.begin(url, node.url, source);
    const fleet = new Fleet(node, scenario, await openDatabase(url));
    for (const id of fleet.ids(pipelines).slice(1)) {
      await scenario.chainparse('pipeline', 'import', 'pipeline.json', '--id', String(id), '--name', `p${id}`);
    }
    return fleet;
  }

  ids(count: number): readonly number[] {
    return Array.from({ length: count }, (_none, i) => 45 + i);
  }

  /** Starts a worker that can reach the chain, unless its environment says otherwise. */
  async startWorker(concurrency: number, scenario = this.scenario): Promise<Child> {
    const worker = scenario.start('worker', '--concurrency', String(concurrency));
    this.workers.push(worker);
    await worker.output(/runs queued tasks/);
    return worker;
  }

  async start(...ids: readonly number[]): Promise<void> {
    for (const id of ids) await this.scenario.chainparse('pipeline', 'start', String(id));
  }

  async show(id: number): Promise<ShownPipeline> {
    return JSON.parse(await this.scenario.chainparse('pipeline', 'show', String(id), '--json')) as ShownPipeline;
  }

  /** Waits until every one of the pipelines has stored what the chain holds. */
  async allTold(ids: readonly number[], timeoutMs = 30_000): Promise<void> {
    const head = this.node.head.number;
    for (const id of ids) {
      await eventually(
        `pipeline ${id} has read block ${head}`,
        async () => {
          const [row] = await this.database.read<{ block_number: number | null }[]>((knex) =>
            knex('pipeline_checkpoint').where({ pipeline_id: id }).select('block_number'),
          );
          return (row?.block_number ?? -1) >= head;
        },
        timeoutMs,
      );
    }
  }

  /** The ids of a pipeline's events, and those that the chain holds: to be compared. */
  async events(id: number): Promise<{ readonly stored: readonly string[]; readonly true: readonly string[] }> {
    const text = await this.scenario.chainparse('events', 'export', '--pipeline', String(id));
    const lines = text.split('\n').filter((line) => line !== '');
    return { stored: idsOfLines(lines), true: idsOf(this.node.canonicalLogs()) };
  }

  /** Waits until so many tasks run. */
  async untilRunning(count: number, timeoutMs = 30_000): Promise<void> {
    const running = async (): Promise<boolean> => (await this.tasks({ status: 0 })).length === count;
    await eventually(`${count} tasks run`, running, timeoutMs);
  }

  tasks(which: object): Promise<{ id: number; pipeline_id: number; status: number; end_reason: string | null }[]> {
    return this.database.read((knex) => knex('pipeline_task').where(which).orderBy('id'));
  }

  /** Kills what still runs. */
  async end(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.kill()));
    await this.database.close();
    await this.node.stop();
  }
}
