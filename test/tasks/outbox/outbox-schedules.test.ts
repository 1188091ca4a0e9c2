import { expect } from 'chai';
import fc from 'fast-check';
import { MessageRefusedError, ReceiverAwayError } from '../../../src/components/seam/delivery-errors.js';
import type { Database } from '../../../src/database/database.js';
import { EventStore } from '../../../src/database/events/event-store.js';
import { FenceError } from '../../../src/database/script.js';
import { DeadLetterStore } from '../../../src/database/sinks/dead-letter-store.js';
import type { ChainEvent } from '../../../src/model/event.js';
import { requestReplay } from '../../../src/tasks/outbox/request-replay.js';
import { exampleBatch, exampleEvent, hashOf } from '../../database/example-batch.js';
import { eachDatabaseInTurn } from '../../support/databases.js';
import { extentOf } from '../../support/extent.js';
import { openMigrated } from '../../support/migrated-database.js';
import { within } from '../../support/within.js';
import { OutboxRuns } from './outbox-fixture.js';
import type { Send } from './outbox-fixture.js';
import { FailingTable } from './failing-table.js';
import type { Fault } from './failing-table.js';
import { RecordingSink } from './recording-sink.js';

type Step =
  | { readonly kind: 'append'; readonly blocks: number; readonly each: number }
  | { readonly kind: 'rollback'; readonly depth: number }
  | { readonly kind: 'return' }
  | { readonly kind: 'repair' | 'reread' | 'replay'; readonly back: number; readonly change: number }
  | { readonly kind: 'prune' | 'rest' | 'retry' };

interface Round {
  readonly steps: readonly Step[];
  /** What goes wrong with which of the round's deliveries. */
  readonly faults: readonly { readonly at: number; readonly fault: Fault }[];
}

const back = fc.nat(6);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('append'), blocks: fc.integer({ min: 1, max: 4 }), each: fc.nat(3) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('rollback'), depth: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('return') }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom('repair', 'reread', 'replay'), back, change: fc.nat(3) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('prune', 'rest', 'retry') }) },
);
const fault = fc.record({
  at: fc.nat(6),
  fault: fc.constantFrom<Fault>('away', 'lost', 'killed', 'killed after', 'refused'),
});
const schedule = fc.array(
  fc.record<Round>({ steps: fc.array(step, { maxLength: 6 }), faults: fc.array(fault, { maxLength: 3 }) }),
  { minLength: 1, maxLength: 4 },
);

/** The chain that the source tells of: the events of each block, and what it has replaced. */
class Chain {
  blocks: (readonly ChainEvent[])[] = [];
  #replaced: (readonly ChainEvent[])[] = [];
  #branch = 0;

  grow(each: number): void {
    const number = this.blocks.length + 1;
    this.#branch += 1;
    const blockHash = hashOf(`${this.#branch} of ${number}`);
    this.blocks.push(Array.from({ length: each }, (_, log) => ({ ...exampleEvent(number, log), blockHash })));
  }

  /** Takes the newest blocks back. */
  cut(depth: number): void {
    this.#replaced = this.blocks.slice(Math.max(0, this.blocks.length - depth));
    this.blocks = this.blocks.slice(0, Math.max(0, this.blocks.length - depth));
  }

  /** What was replaced last is the chain's again, where it fits. */
  restore(): void {
    const fits = this.#replaced[0]?.[0]?.blockNumber === this.blocks.length + 1;
    if (fits) this.blocks.push(...this.#replaced);
    this.#replaced = [];
  }

  change(number: number, how: number): void {
    const events = this.blocks[number - 1] ?? [];
    const other = { ...exampleEvent(number, 7), blockHash: events[0]?.blockHash ?? hashOf(`block ${number}`) };
    const changed = events.map((event) => ({ ...event, argsJson: `{"value":"${how}","was":${event.argsJson}}` }));
    this.blocks[number - 1] =
      how === 0 ? [] : how === 1 ? changed : [...events.filter(({ logIndex }) => logIndex !== 7), other];
  }
}

/** How many schedules are played. */
const schedules = extentOf({ sample: 10, full: 40, soak: 10_000 });

eachDatabaseInTurn('the outbox, whatever happens', (databases) => {
  let database: Database;
  let pipelineId = 5_000;

  before(async function () {
    this.timeout(60_000);
    database = await openMigrated(await databases.fresh());
  });
  after(() => database.close());

  it(`tells receivers exactly what the table holds, in ${schedules} schedules`, async function () {
    this.timeout(schedules * 10_000 + 60_000);
    await fc.assert(fc.asyncProperty(schedule, play), { numRuns: schedules, seed: 42 });
    expect(copied, 'batches that were copied').to.be.above(0);
  });
  let copied = 0;

  /** The rows of events as a table has them. */
  async function storedRows(): Promise<readonly string[]> {
    const rows: string[] = [];
    for await (const page of new EventStore(database).pages({ pipelineId })) {
      for (const { blockNumber, logIndex, blockHash, argsJson } of page) {
        rows.push(`${blockNumber} ${logIndex} ${blockHash} ${(JSON.parse(argsJson) as { value: string }).value}`);
      }
    }
    return rows;
  }

  async function play(rounds: readonly Round[]): Promise<void> {
    pipelineId += 1;
    const [chain, runs] = [new Chain(), new OutboxRuns(database, pipelineId)];
    const sinks = { plain: new RecordingSink(), exact: new RecordingSink(), final: new RecordingSink() };
    sinks.exact.held = null;
    const table = new FailingTable(database, pipelineId);
    const openable = [
      sinks.plain.openable(),
      sinks.exact.openable({ name: 'exact' }),
      sinks.final.openable({ name: 'final', delivery: 'finalized' }),
      table.openable(),
    ];
    const playRound = async (send: Send, faults: Round['faults']): Promise<void> => {
      runs.revive();
      for (const sink of Object.values(sinks)) fail(sink, runs, faults);
      table.fails(runs, faults);
      const run = runs.run(openable, send, { finalized: () => Promise.resolve(chain.blocks.length) });
      await within(60_000, run, () => 'a run hangs');
      await prune();
    };
    for (const { steps, faults } of rounds)
      await playRound((context) => tell(chain, runs, steps, context.checkpoint.blockNumber ?? 0), faults);
    for (const name of ['out', 'exact', 'final'])
      await new DeadLetterStore(database).retry({ pipelineId, sink: name }, 'all');
    await playRound((context) => tell(chain, runs, [], context.checkpoint.blockNumber ?? 0), []);
    const stored = [...(await runs.stored())].sort();
    for (const [name, sink] of Object.entries(sinks)) {
      expect([...sink.state].sort(), name).to.deep.equal(stored);
      checkOrder(sink, name);
    }
    expect([...exactly(sinks.exact)].sort()).to.deep.equal(stored);
    expect(await table.rows()).to.deep.equal(await storedRows());
    copied += table.copied;
  }

  /** Tells of the chain as it is, and of what becomes of it. */
  async function* tell(chain: Chain, runs: OutboxRuns, steps: readonly Step[], at: number) {
    let stands = at;
    const read = function* () {
      if (chain.blocks.length <= stands) return;
      const [from, to] = [stands + 1, chain.blocks.length];
      stands = to;
      yield batchOf(chain, from, to);
    };
    // What was committed of blocks that the chain has replaced meanwhile was taken back in the same round.
    if (at > chain.blocks.length) {
      yield { kind: 'rollback', ancestor: { number: chain.blocks.length, hash: hashOf('x') } } as const;
      stands = chain.blocks.length;
    }
    if (at > 0) {
      stands = 0;
      yield* read();
    }
    yield* read();
    for (const each of steps) {
      if (each.kind === 'append') for (let i = 0; i < each.blocks; i++) chain.grow(each.each);
      if (each.kind === 'rollback' || each.kind === 'return') {
        const depth = each.kind === 'rollback' ? each.depth : 0;
        if (each.kind === 'return') chain.restore();
        else {
          chain.cut(depth);
          yield { kind: 'rollback', ancestor: { number: chain.blocks.length, hash: hashOf('x') } } as const;
          stands = chain.blocks.length;
        }
      }
      const number = chain.blocks.length - ('back' in each ? each.back : 0);
      if (each.kind === 'repair' && number > 0 && number <= stands) {
        chain.change(number, each.change);
        // What is being committed meanwhile may have moved what it was compared with.
        await runs.repair(number, chain.blocks[number - 1]!).catch(ignoreFence);
      }
      // The next round reads everything again.
      if (each.kind === 'reread' && number > 0) chain.change(number, each.change);
      if (each.kind === 'replay')
        await requestReplay(database, { pipelineId, name: 'out' }, Math.max(0, number)).catch(() => 0);
      if (each.kind === 'prune') await prune();
      if (each.kind === 'retry') await new DeadLetterStore(database).retry({ pipelineId, sink: 'out' }, 'all');
      if (each.kind === 'rest') await runs.clock.sleep(300);
      yield* read();
    }
  }

  /** Forgets what no sink needs, without the commits that are kept for people. */
  async function prune(): Promise<void> {
    const needed = Math.min(
      ...(await database.read<number[]>((knex) =>
        knex('pipeline_sink').where({ pipeline_id: pipelineId }).pluck('needs_version'),
      )),
    );
    const { knex } = database;
    await knex('pipeline_commit').where({ pipeline_id: pipelineId }).where('version', '<=', needed).delete();
    await knex('event_removed').where({ pipeline_id: pipelineId }).where('removed', '<=', needed).delete();
  }
});

function batchOf(chain: Chain, from: number, to: number) {
  const events = chain.blocks.slice(from - 1, to).flat();
  return exampleBatch(from, to, { events, undecoded: [], recentBlocks: [], finalizedBlock: 0 });
}

function ignoreFence(error: unknown): void {
  if (!(error instanceof FenceError)) throw error;
}

/** Has deliveries of a round fail as it says. */
function fail(sink: RecordingSink, runs: OutboxRuns, faults: Round['faults']): void {
  let count = -1;
  let fault: Fault | undefined;
  const refused = new Set<string>();
  sink.receives = ({ messages }) => {
    count += 1;
    fault = faults.find(({ at }) => at === count)?.fault;
    if (fault === 'refused') refused.add(messages[0]!.id);
    if (messages.some(({ id, op }) => op === 'insert' && refused.has(id))) throw new MessageRefusedError('400');
    if (fault === 'away') throw new ReceiverAwayError('503');
    if (fault === 'killed') runs.kill();
  };
  sink.answers = () => {
    if (fault === 'killed after') runs.kill();
    if (fault === 'lost' && sink.held === undefined) throw new ReceiverAwayError('no answer');
  };
}

/** Each batch goes one way, in the order of the chain; nothing is taken back that was never told. */
function checkOrder(sink: RecordingSink, name: string): void {
  const told = new Set<string>();
  for (const { messages } of sink.batches) {
    expect(new Set(messages.map(({ op }) => op)).size, name).to.equal(1);
    const order = messages.map(({ place }) => place.blockNumber * 1_000 + place.logIndex);
    expect(order, name).to.deep.equal([...order].sort((a, b) => a - b));
    for (const { id, op } of messages) {
      if (op === 'insert') told.add(id);
      else expect(told.has(id), `${name}: ${id} is taken back`).to.equal(true);
    }
  }
}

/** What a target holds that does what it is told, once. */
function exactly(sink: RecordingSink): ReadonlyMap<string, string> {
  const rows = new Map<string, string>();
  for (const { id, op, data } of sink.messages) {
    if (op === 'insert') rows.set(id, data.text);
    else expect(rows.delete(id), `${id} is there`).to.equal(true);
  }
  return rows;
}
