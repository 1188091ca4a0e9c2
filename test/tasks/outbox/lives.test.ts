import { expect } from 'chai';
import fc from 'fast-check';
import type { Database } from '../../../src/database/database.js';
import { deletePipeline } from '../../../src/database/pipelines/delete-pipeline.js';
import { RewindStore } from '../../../src/database/events/rewind-store.js';
import { ShardStore } from '../../../src/database/events/shard-store.js';
import { StoredBlocks } from '../../../src/database/events/stored-blocks.js';
import type { EventMessage } from '../../../src/model/event-message.js';
import type { ChainEvent } from '../../../src/model/event.js';
import { rewindPipeline } from '../../../src/tasks/rewind/rewind-pipeline.js';
import { exampleBatch, exampleEvent, hashOf } from '../../database/example-batch.js';
import { insertPipeline } from '../../database/insert-pipeline.js';
import { eachDatabaseInTurn } from '../../support/databases.js';
import { extentOf } from '../../support/extent.js';
import { openMigrated } from '../../support/migrated-database.js';
import { within } from '../../support/within.js';
import { exampleWorker, storesOf } from '../run/task-fixture.js';
import { OutboxRuns } from './outbox-fixture.js';
import { RecordingSink } from './recording-sink.js';

interface Step {
  readonly kind: 'grow' | 'reorg' | 'return' | 'rewind' | 'import' | 'back up' | 'restore';
  readonly depth: number;
  readonly each: number;
}

/** A block: its branch names it, and gives its hash. */
interface Block {
  readonly branch: number;
  readonly events: readonly ChainEvent[];
}

const kinds = ['grow', 'grow', 'grow', 'reorg', 'reorg', 'return', 'rewind', 'import', 'back up', 'restore'] as const;
const step = fc.record<Step>({
  kind: fc.constantFrom(...kinds),
  depth: fc.integer({ min: 1, max: 5 }),
  each: fc.nat(2),
});
const schedule = fc.array(step, { minLength: 3, maxLength: 12 });
const schedules = extentOf({ sample: 25, full: 100, soak: 1_000 });

/** A receiver that takes of each id what the highest `seq` says, and deletes after a new life what its messages left. */
class Receiver {
  readonly #newest = new Map<string, EventMessage>();
  /** The last new life: above which block it told all anew, and the first `seq` that it had. */
  #life: { readonly above: number; first: number } | null = null;

  hear(messages: readonly EventMessage[]): void {
    for (const message of messages) {
      if (this.#life !== null) this.#life.first = Math.min(this.#life.first, message.seq);
      const held = this.#newest.get(message.id);
      if (held === undefined || message.seq >= held.seq) this.#newest.set(message.id, message);
    }
  }

  /** A pipeline is imported anew, or a backup restored and taken back to a block. */
  beginLife(above: number): void {
    this.#life = { above, first: Infinity };
  }

  /** The life has caught up: what it did not tell is deleted (docs/operations.md, "Sinks after a restore"). */
  catchUp(): void {
    for (const [id, { seq, place }] of this.#newest)
      if (this.#life !== null && place.blockNumber > this.#life.above && seq < this.#life.first)
        this.#newest.delete(id);
    this.#life = null;
  }

  get state(): readonly string[] {
    return [...this.#newest].flatMap(([id, { op }]) => (op === 'insert' ? [id] : [])).sort();
  }
}

/** A chain, a pipeline that reads it in several lives, and who hears of it. */
class Lives {
  readonly #database: Database;
  readonly #sink = new RecordingSink();
  readonly #receiver = new Receiver();
  readonly #runs: OutboxRuns;
  readonly #chain: Block[] = [];
  #replaced: readonly Block[] = [];
  #branches = 0;
  /** The branches of the blocks that the database holds. */
  #held: readonly number[] = [];
  #backup: { restore: () => Promise<void>; held: readonly number[]; final: number } | null = null;

  constructor(database: Database, pipelineId: number) {
    this.#database = database;
    this.#runs = new OutboxRuns(database, pipelineId);
  }

  async play(steps: readonly Step[]): Promise<void> {
    for (const each of steps) {
      await this.#do(each);
      await this.#run();
      expect(this.#receiver.state, JSON.stringify(each)).to.deep.equal(this.#truth());
    }
  }

  async #do({ kind, depth, each }: Step): Promise<void> {
    if (kind === 'grow') this.#grow(depth, each);
    if (kind === 'reorg') this.#cut(depth).#grow(depth, each);
    if (kind === 'return') this.#cut(this.#replaced.length).#chain.push(...this.#replaced);
    if (kind === 'rewind' && this.#held.length > depth) await this.#rewind(this.#held.length - depth);
    if (kind === 'import') await this.#import();
    if (kind === 'back up') {
      this.#backup = { restore: await this.#runs.setBackPoint(), held: this.#held, final: this.#held.length };
    }
    if (kind === 'restore' && this.#backup !== null) {
      await this.#backup.restore();
      this.#held = this.#backup.held;
      this.#receiver.beginLife(this.#backup.final);
      if (this.#held.length > 0) await this.#rewind(this.#backup.final);
    }
  }

  #grow(blocks: number, each: number): void {
    for (let grown = 0; grown < blocks; grown++) {
      const [number, branch] = [this.#chain.length + 1, ++this.#branches];
      const blockHash = hashOf(`${branch} of ${number}`);
      const events = Array.from({ length: each }, (_, log) => ({ ...exampleEvent(number, log), blockHash }));
      this.#chain.push({ branch, events });
    }
  }

  #cut(depth: number): this {
    const left = Math.max(0, this.#chain.length - depth);
    this.#replaced = this.#chain.splice(left);
    if (this.#backup !== null) this.#backup.final = Math.min(this.#backup.final, left);
    return this;
  }

  async #rewind(to: number): Promise<void> {
    const [tasks, checkpoints] = storesOf(this.#database);
    const [storedBlocks, rewinds] = [new StoredBlocks(this.#database), new RewindStore(this.#database)];
    const stores = { tasks, checkpoints, storedBlocks, rewinds, shards: new ShardStore(this.#database) };
    const { pipelineId } = this.#runs;
    await rewindPipeline(stores, {
      ...{ pipelineId, worker: exampleWorker('rewind'), heartbeatIntervalSeconds: 30, to: { number: to, hash: null } },
    });
    this.#held = this.#held.slice(0, to);
  }

  async #import(): Promise<void> {
    await deletePipeline(this.#database, this.#runs.pipelineId, 30);
    await insertPipeline(this.#database, this.#runs.pipelineId);
    [this.#held, this.#backup] = [[], null];
    this.#receiver.beginLife(0);
  }

  async #run(): Promise<void> {
    const [held, chain, sink] = [this.#held, this.#chain, this.#sink];
    const ancestor = held.findIndex((branch, index) => branch !== chain[index]?.branch);
    const stands = ancestor < 0 ? held.length : ancestor;
    const run = this.#runs.run([sink.openable()], async function* () {
      await Promise.resolve();
      if (stands < held.length) yield { kind: 'rollback', ancestor: { number: stands, hash: hashOf('x') } } as const;
      if (stands === chain.length) return;
      const events = chain.slice(stands).flatMap((block) => block.events);
      const rest = { events, undecoded: [], recentBlocks: [], finalizedBlock: 0 };
      yield exampleBatch(stands + 1, chain.length, rest);
    });
    await within(60_000, run, () => 'a run hangs');
    this.#held = chain.map(({ branch }) => branch);
    this.#receiver.hear(sink.messages);
    sink.batches.length = 0;
    this.#receiver.catchUp();
  }

  #truth(): readonly string[] {
    const events = this.#chain.flatMap((block) => block.events);
    return events.map((event) => `1:${event.blockHash}:${event.transactionHash}:${event.logIndex}`).sort();
  }
}

eachDatabaseInTurn('the messages of a pipeline that has several lives', (databases) => {
  let database: Database;
  let pipelineId = 9_000;

  before(async function () {
    this.timeout(60_000);
    database = await openMigrated(await databases.fresh());
  });
  after(() => database.close());

  it(`give the chain to a receiver that keeps the highest seq, in ${schedules} schedules`, async function () {
    this.timeout(schedules * 10_000 + 60_000);
    const play = async (steps: readonly Step[]): Promise<void> => {
      await insertPipeline(database, ++pipelineId);
      await new Lives(database, pipelineId).play(steps);
    };
    await fc.assert(fc.asyncProperty(schedule, play), { numRuns: schedules, seed: 57 });
  });
});
