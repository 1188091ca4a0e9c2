import { expect } from 'chai';
import { BatchStore } from '../../../src/database/events/batch-store.js';
import { CheckpointStore } from '../../../src/database/events/checkpoint-store.js';
import { compareStored } from '../../../src/database/events/compare-stored.js';
import type { Database } from '../../../src/database/database.js';
import { EventStore } from '../../../src/database/events/event-store.js';
import { JournalStore } from '../../../src/database/events/journal-store.js';
import type { DifferenceOptions, VersionedEvent } from '../../../src/database/events/difference.js';
import { RepairStore } from '../../../src/database/events/repair-store.js';
import { RewindStore } from '../../../src/database/events/rewind-store.js';
import { TaskStore } from '../../../src/database/tasks/task-store.js';
import type { ChainEvent } from '../../../src/model/event.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';
import { seededRandom } from '../../support/seeded-random.js';
import { Dice } from '../../proof/simulator/dice.js';
import { insertPipeline } from '../insert-pipeline.js';
import { claimRequest } from '../claim-request.js';
import { exampleBatch, exampleCommit, exampleEvent, hashOf, noProgress } from '../example-batch.js';

/** A row as a text, and the version that brought it, or took it away. */
type Told = readonly [string, number];

eachDatabase('the journal', (databases) => {
  let database: Database;
  let journal: JournalStore;
  let checkpoints: CheckpointStore;
  let tasks: TaskStore;
  let batches: BatchStore;
  let pipelineId = 700;
  let taskId: number;

  before(async function () {
    this.timeout(60_000);
    database = await openMigrated(await databases.fresh());
    journal = new JournalStore(database);
    checkpoints = new CheckpointStore(database);
    tasks = new TaskStore(database);
    batches = new BatchStore(database);
  });
  beforeEach(() => begin(true));
  after(() => database.close());

  async function begin(keepsRemoved: boolean): Promise<void> {
    pipelineId += 1;
    await insertPipeline(database, pipelineId);
    await checkpoints.get(pipelineId);
    await claim(keepsRemoved);
  }
  const claim = async (keepsRemoved: boolean): Promise<void> => {
    const { taskId: holder } = await checkpoints.get(pipelineId);
    taskId = await tasks.claim(claimRequest({ pipelineId, holder, keepsRemoved }));
  };
  const version = async (): Promise<number> => (await journal.current(pipelineId))!.version;
  const store = async (from: number, to: number, events: readonly ChainEvent[], replaces = false): Promise<void> => {
    const batch = exampleBatch(from, to, { events, undecoded: [] });
    await batches.commit(
      exampleCommit({ pipelineId, taskId, version: await version(), batch, replaces, forgets: replaces }),
    );
  };
  const append = (from: number, to: number): Promise<void> => store(from, to, exampleBatch(from, to).events);
  const rollBack = async (ancestor: number, blocks: number): Promise<void> => {
    const message = { kind: 'rollback', ancestor: { number: ancestor, hash: hashOf(`block ${ancestor}`) } } as const;
    await batches.rollback({ pipelineId, taskId, version: await version(), message, blocks, progress: noProgress });
  };
  const repair = async (block: number, events: readonly ChainEvent[]): Promise<void> => {
    const of = { pipelineId, chainId: 1 };
    const held = { events, undecoded: [] };
    const { change } = await compareStored(new EventStore(database), of, { from: block, to: block }, held);
    await new RepairStore(database).replace({
      ...of,
      block,
      hash: hashOf(`block ${block}`),
      change,
      version: await version(),
      isSettled: true,
    });
  };
  const rewind = async (above: number, from: number): Promise<void> => {
    const to = { number: above, hash: hashOf(`block ${above}`) };
    const { taskId: holder } = await checkpoints.get(pipelineId);
    const step = {
      pipelineId,
      holder,
      version: await version(),
      replaces: null,
      from,
      first: 1,
      above,
      childrenUpTo: above,
      to,
    };
    await new RewindStore(database).takeBack({ ...step, ends: { keepsRemembered: true } });
    await tasks.finish(taskId, { status: 2, endReason: 'test', error: null }, null);
    await claim(true);
  };
  const textOf = ({ blockNumber, logIndex, argsJson }: ChainEvent): string => `${blockNumber}:${logIndex} ${argsJson}`;
  const stored = async (): Promise<string[]> => {
    const found: string[] = [];
    for await (const page of new EventStore(database).pages({ pipelineId })) found.push(...page.map(textOf));
    return found;
  };
  const told = (events: readonly VersionedEvent[]): Told[] => events.map((event) => [textOf(event), event.version]);
  const difference = async (
    from: number,
    to: number,
    options?: DifferenceOptions,
  ): Promise<{ readonly remove: Told[]; readonly insert: Told[]; readonly pages: string[] }> => {
    const found = { remove: [] as Told[], insert: [] as Told[], pages: [] as string[] };
    for await (const { op, events } of journal.difference(pipelineId, { from, to }, options)) {
      found[op].push(...told(events));
      found.pages.push(JSON.stringify([op, events]));
    }
    return found;
  };
  const rowsOf = (table: string): Promise<unknown[]> =>
    database.read((knex) => knex(table).where({ pipeline_id: pipelineId }));

  it('tells where a pipeline stands: version, claim, epoch and blocks', async () => {
    await append(3, 5);
    const first = (await journal.current(pipelineId))!;
    expect(first).to.deep.include({ version: 1, claim: 1, blocks: { from: 1, to: 5 }, hash: hashOf('block 5') });
    expect(first.epoch).to.match(/^[0-9a-f]{32}$/);
    await tasks.finish(taskId, { status: 1, endReason: 'completed', error: null }, null);
    await claim(true);
    const second = (await journal.current(pipelineId))!;
    expect(second).to.deep.equal({ ...first, claim: 2, time: second.time });
    expect(second.time - first.time).to.be.within(0, 60_000);
    expect(await journal.current(9_999)).to.equal(null);
  });

  it('tells the time in milliseconds since 2025 began, UTC, whatever the time zone of the database', async () => {
    await append(3, 5);
    const { time } = (await journal.current(pipelineId))!;
    expect(time)
      .to.be.closeTo(Date.now() - Date.UTC(2025, 0), 30_000)
      .and.to.satisfy(Number.isInteger);
  });

  it('has another epoch where the checkpoint was made anew, by whatever program', async () => {
    const { epoch } = (await journal.current(pipelineId))!;
    const { knex } = database;
    await knex('pipeline_checkpoint').where({ pipeline_id: pipelineId }).delete();
    await knex('pipeline_checkpoint').insert({ pipeline_id: pipelineId, version: 0 });
    expect((await journal.current(pipelineId))!.epoch).to.equal(null);
    await claim(true);
    expect((await journal.current(pipelineId))!.epoch)
      .to.match(/^[0-9a-f]{32}$/)
      .and.not.equal(epoch);
  });

  it('notes what each commit did, and to which blocks', async () => {
    await append(1, 4);
    await rollBack(2, 2);
    await store(1, 2, [], true);
    await repair(2, [exampleEvent(2, 7)]);
    await rewind(1, 2);
    const rows = await database.read((knex) =>
      knex('pipeline_commit')
        .where({ pipeline_id: pipelineId })
        .orderBy('version')
        .select('version', 'kind', 'from_block', 'to_block'),
    );
    expect(rows).to.deep.equal([
      { version: 1, kind: 'append', from_block: 1, to_block: 4 },
      { version: 2, kind: 'rollback', from_block: 3, to_block: 4 },
      { version: 3, kind: 'replace', from_block: 1, to_block: 2 },
      { version: 4, kind: 'repair', from_block: 2, to_block: 2 },
      { version: 5, kind: 'rollback', from_block: 2, to_block: 2 },
    ]);
  });

  it('tells first what went, then what came, each in the order of the chain', async () => {
    await append(1, 4);
    await rollBack(2, 2);
    await append(3, 3);
    await append(4, 5);
    expect(await difference(0, 4)).to.deep.include({
      remove: [],
      insert: [1, 2, 3, 4, 5].map((block): Told => [textOf(exampleEvent(block, 0)), [1, 1, 3, 4, 4][block - 1]!]),
    });
    const [three, four] = [textOf(exampleEvent(3, 0)), textOf(exampleEvent(4, 0))];
    expect(await difference(1, 3)).to.deep.include({
      remove: [
        [three, 2],
        [four, 2],
      ],
      insert: [[three, 3]],
    });
    expect(await difference(2, 3)).to.deep.include({ remove: [], insert: [[three, 3]] });
    expect(await difference(4, 4)).to.deep.include({ remove: [], insert: [], pages: [] });
  });

  it('keeps a removed event byte for byte', async () => {
    const event = { ...exampleEvent(5, 2), eventName: '__proto__', argsJson: '{"s":"it\'s 💸\\u0000\\\\","b":"0x"}' };
    await store(5, 5, [event]);
    const [before] = (await rowsOf('event')) as object[];
    await rollBack(4, 1);
    expect(await rowsOf('event_removed')).to.deep.equal([{ ...before, removed: 2 }]);
  });

  it('keeps nothing of a pipeline without sinks but a row for each commit', async () => {
    await begin(false);
    await append(1, 4);
    await rollBack(2, 2);
    await store(1, 2, [], true);
    expect(await rowsOf('event_removed')).to.deep.equal([]);
    expect(await rowsOf('pipeline_commit')).to.have.length(3);
  });

  it('is told of nothing by rows that are read again and are the same', async () => {
    await append(1, 6);
    await store(1, 6, exampleBatch(1, 6).events, true);
    expect(await difference(1, 2)).to.deep.include({ remove: [], insert: [] });
    const changed = { ...exampleEvent(4, 0), argsJson: '{"value":"changed"}' };
    await store(3, 5, [exampleEvent(3, 0), changed, exampleEvent(5, 0)], true);
    expect(await difference(2, 3)).to.deep.include({
      remove: [[textOf(exampleEvent(4, 0)), 3]],
      insert: [[textOf(changed), 3]],
    });
  });

  it('goes on behind any event, and cuts the same pages each time', async () => {
    await append(1, 7);
    await rollBack(3, 4);
    await append(4, 9);
    const whole = await difference(1, 3, { pageSize: 2 });
    expect(whole.pages).to.have.length(2 + 3);
    const steps = [
      ...whole.remove.map((_event, i) => ['remove', i] as const),
      ...whole.insert.map((_event, i) => ['insert', i] as const),
    ];
    for (const [op, i] of steps) {
      const blockNumber = Number(whole[op][i]![0].split(':')[0]);
      const place = { blockNumber, logIndex: 0, transactionHash: exampleEvent(blockNumber, 0).transactionHash };
      const rest = await difference(1, 3, { after: { op, place }, pageSize: 2 });
      expect(rest.remove).to.deep.equal(op === 'remove' ? whole.remove.slice(i + 1) : []);
      expect(rest.insert).to.deep.equal(op === 'insert' ? whole.insert.slice(i + 1) : whole.insert);
    }
    await rollBack(0, 9);
    expect(await difference(1, 3, { pageSize: 2 })).to.deep.equal(whole);
  });

  it('misses nothing that goes while it is read', async () => {
    await append(1, 40);
    const pages = journal.difference(pipelineId, { from: 0, to: 1 }, { pageSize: 8 });
    const found: string[] = [];
    for await (const { events } of pages) {
      found.push(...events.map(textOf));
      const { blocks } = (await journal.current(pipelineId))!;
      if (blocks!.to > 4) await rollBack(blocks!.to - 9, 9);
    }
    expect(found).to.deep.equal(exampleBatch(1, 40).events.map(textOf));
  });

  it('reads every block where it does not know any more which ones have changed', async () => {
    await append(1, 3);
    await append(4, 6);
    await database.knex('pipeline_commit').where({ pipeline_id: pipelineId, version: 1 }).delete();
    expect((await difference(0, 2)).insert).to.have.length(6);
  });

  it('tells the rows at any version, whatever was done', async function () {
    this.timeout(120_000);
    for (let seed = 1; seed <= 3; seed++) await playSeed(seed);
  });

  async function playSeed(seed: number): Promise<void> {
    await begin(true);
    const dice = new Dice(seededRandom(seed));
    const versions: string[][] = [[]];
    const held = new Map<number, readonly ChainEvent[]>();
    let head = 0;
    const hold = (from: number, to: number, events: readonly ChainEvent[]): readonly ChainEvent[] => {
      for (let at = from; at <= to; at++)
        held.set(
          at,
          events.filter((event) => event.blockNumber === at),
        );
      return events;
    };
    const goBackTo = (block: number): void => {
      for (const at of [...held.keys()]) if (at > block) held.delete(at);
      head = block;
    };
    const drawn = (from: number, to: number): ChainEvent[] =>
      exampleBatch(from, to).events.flatMap((event) =>
        [0, 1, 2]
          .filter(() => dice.chance(0.6))
          .map((logIndex) => ({ ...event, logIndex, argsJson: `{"value":"${dice.pick(['a', 'b'])}"}` })),
      );
    while (versions.length < 40) {
      const roll = dice.random();
      const block = 1 + Math.floor(dice.random() * head);
      if (head < 3 || roll < 0.4) {
        const to = head + 1 + Math.floor(dice.random() * 3);
        await store(head + 1, to, hold(head + 1, to, drawn(head + 1, to)));
        head = to;
      } else if (roll < 0.6) {
        await rollBack(block - 1, head - block + 1);
        goBackTo(block - 1);
      } else if (roll < 0.75) {
        await store(block, head, hold(block, head, drawn(block, head)), true);
      } else if (roll < 0.95) {
        await repair(block, hold(block, block, drawn(block, block)));
      } else {
        await rewind(block - 1, head);
        goBackTo(block - 1);
      }
      versions.push(await stored());
      const all = [...held.values()].flat().map(textOf);
      expect(versions.at(-1)!.sort(), `seed ${seed}, version ${versions.length - 1}`).to.deep.equal(all.sort());
    }
    expect(await version()).to.equal(versions.length - 1);
    for (let trial = 0; trial < 60; trial++) {
      const from = Math.floor(dice.random() * versions.length);
      const to = Math.floor(from + dice.random() * (versions.length - from));
      const { remove, insert } = await difference(from, to, { pageSize: dice.pick([1, 3, 500]) });
      const left = new Set(versions[from]);
      for (const [text] of remove)
        expect(left.delete(text), `seed ${seed}: ${text} was there at ${from}`).to.equal(true);
      for (const [text] of insert) expect(left.has(text), `seed ${seed}: ${text} is new at ${to}`).to.equal(false);
      for (const [text] of insert) left.add(text);
      expect([...left].sort(), `seed ${seed}: from ${from} to ${to}`).to.deep.equal([...versions[to]!].sort());
    }
  }
});
