import { expect } from 'chai';
import { DictMapper } from '../../../src/components/dict-mapper/dict-mapper.js';
import { mappedFields } from '../../../src/components/dict-mapper/mapped-fields.js';
import {
  MessageRefusedError,
  ReceiverAwayError,
  UnfitReceiverError,
  TakenInPartError,
} from '../../../src/components/seam/delivery-errors.js';
import type { Settled, SinkBatch } from '../../../src/components/seam/sink.js';
import type { Database } from '../../../src/database/database.js';
import { JournalStore } from '../../../src/database/events/journal-store.js';
import { DeadLetterStore } from '../../../src/database/sinks/dead-letter-store.js';
import { forgetOtherSinks, SinkStore } from '../../../src/database/sinks/sink-store.js';
import { TaskStore } from '../../../src/database/tasks/task-store.js';
import type { Clock } from '../../../src/runtime/clock.js';
import { LeaseLostError } from '../../../src/runtime/errors.js';
import { blocksBehind } from '../../../src/tasks/outbox/blocks-behind.js';
import { rankOf } from '../../../src/tasks/outbox/message-of.js';
import type { OpenableSink } from '../../../src/tasks/outbox/openable-sink.js';
import { exampleBatch, exampleEvent, hashOf } from '../../database/example-batch.js';
import { giveAnew } from '../../database/given-anew.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';
import { rejectionOf } from '../../support/rejection.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { eventually } from '../../support/within.js';
import { OutboxRuns, eventOn, noMore } from './outbox-fixture.js';
import type { Send } from './outbox-fixture.js';
import { RecordingSink } from './recording-sink.js';

/** Sends blocks, from the first to the last, of which each has an event. */
const blocks = (from: number, to: number): Send =>
  async function* () {
    await Promise.resolve();
    yield exampleBatch(from, to);
  };

/** Four blocks, behind which the chain stands still. */
const quiet: Send = async function* (context, start) {
  yield* blocks(1, 4)(context, start);
  await new Promise((resolve) => context.stopping.addEventListener('abort', resolve));
};

/** Has the chain take all of it back. */
const takenBack: Send = async function* () {
  await Promise.resolve();
  yield { kind: 'rollback', ancestor: { number: 0, hash: hashOf('block 0') } };
};

const insert = (block: number, version: number, replay = 0): string =>
  `insert ${block}:0 ${rankOf(version, 'insert', replay)}`;
const remove = (block: number, version: number): string => `remove ${block}:0 ${rankOf(version, 'remove', 0)}`;

eachDatabase('the outbox', (databases) => {
  let database: Database;
  let runs: OutboxRuns;
  let sink: RecordingSink;
  let pipelineId = 800;

  before(async function () {
    this.timeout(60_000);
    database = await openMigrated(await databases.fresh());
  });
  beforeEach(() => {
    pipelineId += 1;
    runs = new OutboxRuns(database, pipelineId);
    sink = new RecordingSink();
  });
  after(() => database.close());

  const letters = () => new DeadLetterStore(database);
  const name = () => ({ pipelineId, sink: 'out' });
  const isTrue = async (): Promise<void> => {
    expect([...sink.state].sort()).to.deep.equal([...(await runs.stored())].sort());
  };

  const behind = async (sinkName = 'out'): Promise<number> =>
    blocksBehind((await new JournalStore(database).current(pipelineId))!, await runs.standing(sinkName));

  it('delivers a repair in a run that only delivers, and reads nothing then', async () => {
    await runs.run([sink.openable()], blocks(1, 3));
    const told = sink.lines.length;
    await runs.repair(2, [{ ...exampleEvent(2, 0), argsJson: '{"value":"other"}' }]);
    const reads: Send = async function* () {
      await Promise.resolve();
      yield exampleBatch(4, 9);
    };
    const { task } = await runs.run([sink.openable()], reads, { run: { deliverOnly: true } });
    expect(task.endReason).to.equal('completed');
    expect(sink.lines.slice(told)).to.have.length(2);
    expect((await runs.stored()).size).to.equal(3);
    await isTrue();
  });

  it('delivers what a run stores, in the order of the chain, and ends once all is delivered', async () => {
    await runs.run([sink.openable()], blocks(1, 7));
    expect(sink.lines).to.deep.equal([1, 2, 3, 4, 5, 6, 7].map((block) => insert(block, 1)));
    expect(sink.batches.map(({ messages, fromBlock, toBlock }) => [messages.length, fromBlock, toBlock])).to.deep.equal(
      [
        [3, 1, 3],
        [3, 4, 6],
        [1, 7, 7],
      ],
    );
    expect(sink.batches[0]!.before).to.equal(null);
    for (const [i, { before }] of sink.batches.entries()) {
      expect(before?.place).to.equal(i === 0 ? undefined : sink.batches[i - 1]!.after.place);
    }
    expect(await runs.standing()).to.include({ cursorBlock: 7, failing: false, lastError: null });
    await isTrue();
  });

  it('leaves the rows of its sinks as they are once the server has given its task’s id to another process', async () => {
    let told: unknown;
    sink.receives = async () => {
      if (told !== undefined) return;
      told = await runs.standing();
      await giveAnew(database, (await new TaskStore(database).getNewest(pipelineId))!.id);
    };
    await rejectionOf(runs.run([sink.openable()], quiet), LeaseLostError);
    expect(told).to.be.an('object');
    expect(await runs.standing()).to.deep.equal(told);
  });

  describe('on a database that is set back under a run (a standby that lacked its newest commits)', () => {
    const sixToldOf = (): Promise<unknown> =>
      eventually('six are told of', async () => (await runs.standing()).cursorBlock === 6);
    /**
     * Six blocks, of which the database forgets three when `isTime` says so; `then` follows on that. Two others come in the
     * place of what is gone.
     */
    const forgetful = (
      isTime: () => Promise<unknown> = sixToldOf,
      then: () => Promise<unknown> = () => Promise.resolve(),
    ): Send => {
      let lives = 0;
      return async function* () {
        lives += 1;
        if (lives > 1) {
          yield exampleBatch(4, 5, { events: [eventOn('b', 4), eventOn('b', 5)] });
          return;
        }
        yield exampleBatch(1, 3);
        await eventually('three are told of', async () => (await runs.standing()).cursorBlock === 3);
        const setBack = await runs.setBackPoint();
        yield exampleBatch(4, 6);
        await isTime();
        await setBack();
        await then();
        yield exampleBatch(7, 8);
      };
    };

    it('is told of what takes the place of what is gone', async () => {
      const { task } = await runs.run([sink.openable()], forgetful());
      expect(task.endReason).to.equal('completed');
      expect(sink.lines).to.deep.equal([
        ...[1, 2, 3].map((block) => insert(block, 1)),
        ...[4, 5, 6].map((block) => insert(block, 2)),
        // Above all that was told before.
        ...[4, 5].map((block) => insert(block, 3)),
      ]);
      expect(sink.messages.slice(-2).map(({ id }) => id)).to.deep.equal([...(await runs.stored()).keys()].slice(-2));
      expect(runs.lines.filter((line) => line.includes('set back'))).to.deep.equal([
        `the database was set back: version 1 is the newest of pipeline ${pipelineId}, 2 was committed ` +
          '(a standby lacked it, or a backup was restored): reading on from there',
      ]);
      expect(await runs.standing()).to.include({ cursorBlock: 5, failing: false });
    });

    it('is told so, too, where it took something just while the database was set back', async () => {
      let [isAsked, release] = [false, (): void => undefined];
      const released = new Promise<void>((resolve) => (release = resolve));
      sink.receives = async ({ fromBlock }) => {
        if (fromBlock !== 4 || isAsked) return;
        isAsked = true;
        await released;
      };
      const isTold = (): Promise<unknown> => eventually('it is told of more', () => isAsked);
      const taken = (): Promise<unknown> => {
        release();
        return eventually('it has taken that', () => sink.lines.length === 6);
      };
      await runs.run([sink.openable()], forgetful(isTold, taken));
      expect(sink.lines.slice(6)).to.deep.equal([4, 5].map((block) => insert(block, 3)));
      expect(sink.messages.at(-1)?.id).to.include(hashOf('b 5'));
    });

    it('has what is gone read again where all had been read, and a sink was waited for', async () => {
      let setBack = (): Promise<void> => Promise.resolve();
      sink.receives = async ({ fromBlock }) => {
        if (fromBlock === 4) await setBack();
        setBack = () => Promise.resolve();
      };
      let lives = 0;
      const { task } = await runs.run([sink.openable()], async function* () {
        lives += 1;
        if (lives === 1) {
          yield exampleBatch(1, 3);
          await eventually('three are told of', async () => (await runs.standing()).cursorBlock === 3);
          setBack = await runs.setBackPoint();
        }
        yield exampleBatch(4, 6);
      });
      expect(task.endReason).to.equal('completed');
      expect((await runs.stored()).size).to.equal(6);
      expect(sink.lines.slice(6)).to.deep.equal([4, 5, 6].map((block) => insert(block, 3)));
      expect(await runs.standing()).to.include({ cursorBlock: 6, failing: false });
    });

    it('begins where it was asked to where nothing of its run is left', async () => {
      await runs.run([sink.openable()], blocks(1, 3));
      const starts: number[] = [];
      await runs.run(
        [sink.openable()],
        async function* ({ run }) {
          starts.push(run.fromBlock ?? -1);
          if (starts.length > 1) {
            yield exampleBatch(10, 11);
            return;
          }
          const setBack = await runs.setBackPoint();
          yield exampleBatch(10, 12);
          await eventually('six are told of', () => sink.lines.length === 6);
          await setBack();
          yield exampleBatch(13, 14);
        },
        { run: { fromBlock: 10 } },
      );
      expect(starts).to.deep.equal([10, 10]);
      expect((await runs.stored()).size).to.equal(5);
    });

    it('stops a sink whose target knows more, rather than to guess', async () => {
      sink.held = null;
      const error = await rejectionOf(runs.run([sink.openable()], forgetful()));
      expect(error).to.have.property('message').that.includes('its target is ahead of the journal');
      expect(sink.lines).to.have.length(6);
      expect(await runs.standing()).to.include({ failing: true });
    });

    it('stops a sink whose target says that it was claimed later, while the database says that it was not', async () => {
      const isClaimedLater = (): never => {
        throw new LeaseLostError('the folder is held by a later run');
      };
      sink.receives = isClaimedLater;
      const error = await rejectionOf(runs.run([sink.openable()], blocks(1, 3)));
      expect(error).to.include({ code: 'SINK_STOPPED' });
      expect(error)
        .to.have.property('message')
        .that.includes('held by a later run, though the pipeline is this task’s: was the database set back?');
      expect(await runs.standing()).to.include({ failing: true });
    });

    it('does not take the database for set back where a rewind has freed the pipeline of a task that was stopped', async () => {
      sink.receives = async () => {
        const { knex } = database;
        await database.write([
          knex('pipeline_checkpoint').where({ pipeline_id: pipelineId }).update({ task_id: null }),
          knex('pipeline_task').where({ pipeline_id: pipelineId }).update({ status: 1, end_reason: 'stopped' }),
        ]);
      };
      await runs.run([sink.openable()], blocks(1, 3));
      expect(runs.lines.join()).not.to.include('set back');
    });

    it('stops such a sink where nothing more is committed, too', async () => {
      sink.held = null;
      const run = runs.run([sink.openable()], async function* () {
        yield exampleBatch(1, 3);
        await eventually('three are told of', async () => (await runs.standing()).cursorBlock === 3);
        const setBack = await runs.setBackPoint();
        yield exampleBatch(4, 6);
        await eventually('six are told of', async () => (await runs.standing()).cursorBlock === 6);
        await setBack();
      });
      expect(await rejectionOf(run))
        .to.have.property('message')
        .that.includes('its target is ahead of the journal');
    });
  });

  it('hands events over as they lie where the sink takes them so, and their messages where it does not', async () => {
    sink.takesStored = ({ events }) => events.from.blockNumber !== 4;
    await runs.run([sink.openable()], blocks(1, 7));
    const batches = sink.stored.map(({ events: { from, to, version, count } }) => {
      return [from.blockNumber, to.blockNumber, version, count];
    });
    expect(batches).to.deep.equal([
      [1, 3, 1, 3],
      [7, 7, 1, 1],
    ]);
    expect(sink.lines).to.deep.equal([4, 5, 6].map((block) => insert(block, 1)));
    expect(sink.batches[0]!.before?.place).to.equal(sink.stored[0]!.after.place);
    expect(await runs.standing()).to.include({ cursorBlock: 7, sentPlace: sink.stored[1]!.after.place });
  });

  it('hands over messages of what is sent again, and of what goes through stages', async () => {
    sink.takesStored = () => true;
    await runs.run([sink.openable()], async function* () {
      yield exampleBatch(1, 2);
      await eventually('a batch', () => sink.stored.length === 1);
      await new SinkStore(database).requestReplay(await runs.standing(), 1);
      await eventually('what is sent again', () => sink.messages.length === 2);
    });
    expect(sink.lines).to.deep.equal([insert(1, 1, 1), insert(2, 1, 1)]);
    sink.stages = [{ map: (messages) => Promise.resolve(messages) }];
    await runs.run([sink.openable()], blocks(3, 3));
    expect(sink.lines.slice(2)).to.deep.equal([insert(3, 2)]);
  });

  it('writes a message’s data as an export does, the contract’s address in EIP-55', async () => {
    await runs.run([sink.openable()], blocks(1, 1));
    const [message] = sink.messages;
    expect(message!.id).to.equal(`1:${hashOf('block 1')}:${hashOf('tx 1')}:0`);
    expect(message!.data.fields.get('contract_address')).to.equal('0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48');
    await isTrue();
  });

  it('delivers what came since, and nothing where nothing did', async () => {
    await runs.run([sink.openable()], blocks(1, 2));
    await runs.run([sink.openable()], noMore);
    expect(sink.messages).to.have.length(2);
    await runs.run([sink.openable()], blocks(3, 4));
    expect(sink.lines.slice(2)).to.deep.equal([insert(3, 2), insert(4, 2)]);
  });

  it('tells what the chain took back before what came in its place, and what came back again', async () => {
    await runs.run([sink.openable()], async function* () {
      yield exampleBatch(1, 3);
      await eventually('three messages', () => sink.messages.length === 3);
      yield { kind: 'rollback', ancestor: { number: 1, hash: hashOf('block 1') } };
      yield exampleBatch(2, 2, { events: [eventOn('b', 2)] });
      yield { kind: 'rollback', ancestor: { number: 1, hash: hashOf('block 1') } };
      yield exampleBatch(2, 3);
    });
    await isTrue();
    expect(sink.lines.slice(3, 5)).to.deep.equal([remove(2, 2), remove(3, 2)]);
    expect(sink.lines.slice(-2)).to.deep.equal([insert(2, 5), insert(3, 5)]);
  });

  it('delivers a repair that was made after the end of the run, and a row of the same id that differs', async () => {
    await runs.run([sink.openable()], blocks(1, 3));
    await runs.repair(2, [{ ...exampleEvent(2, 0), argsJson: '{"value":"other"}' }, exampleEvent(2, 5)]);
    await runs.run([sink.openable()], noMore);
    const rank = rankOf(2, 'insert', 0);
    expect(sink.lines.slice(3)).to.deep.equal([remove(2, 2), `insert 2:0 ${rank}`, `insert 2:5 ${rank}`]);
    await isTrue();
  });

  it('sends the same messages in the same batches again where a pass was cut off', async () => {
    sink.answers = ({ fromBlock }) => {
      if (fromBlock === 4) runs.kill();
    };
    await runs.run([sink.openable()], blocks(1, 7));
    const before = sink.batches.map(({ messages }) => messages.map(({ id, seq }) => `${id} ${seq}`));
    runs.revive();
    sink.answers = () => undefined;
    await runs.run([sink.openable()], noMore);
    const after = sink.batches.slice(2).map(({ messages }) => messages.map(({ id, seq }) => `${id} ${seq}`));
    expect(after[after.length - 2]).to.deep.equal(before[1]);
    await isTrue();
  });

  it('has the journal kept from where a pass began that was cut off', async () => {
    const needed = async (): Promise<number> => {
      const rows = database.knex('pipeline_sink').where({ pipeline_id: pipelineId }).pluck('needs_version');
      return ((await rows) as number[])[0]!;
    };
    await runs.run([sink.openable()], blocks(1, 7));
    expect(await needed()).to.equal(1);
    sink.receives = () => runs.kill();
    await runs.run([sink.openable()], takenBack);
    expect((await runs.standing()).place).to.match(/^\[\[1,null\],\[2,null\]/);
    expect(await needed()).to.equal(1);
  });

  it('tries what can’t be reached again for as long as it takes, and says what is wrong, without secrets', async () => {
    let tries = 0;
    sink.receives = async () => {
      tries += 1;
      if (tries === 2) expect(await runs.standing()).to.include({ failing: true, lastError: 'no answer from ***' });
      if (tries < 5) throw new ReceiverAwayError('no answer from secret99', { retryAfterMs: 10 });
    };
    await runs.run([sink.openable()], blocks(1, 2));
    expect(tries).to.equal(5);
    expect(await runs.standing()).to.include({ failing: false, lastError: 'no answer from ***', cursorBlock: 2 });
    expect(runs.lines.filter((line) => line.startsWith('sink out'))).to.deep.equal([
      'sink out can’t deliver: no answer from ***',
      'sink out delivers again',
    ]);
  });

  it('goes on behind the messages of a batch that were taken, also in the next run', async () => {
    let isFull = false;
    let tries = 0;
    sink.receives = (batch) => {
      if (isFull) {
        tries += 1;
        if (tries > 1) runs.stopping.abort();
        throw new ReceiverAwayError('no room');
      }
      if (batch.messages.length === 1) return;
      isFull = sink.batches.length > 0;
      sink.batches.push({ ...batch, messages: batch.messages.slice(0, 1) });
      throw new TakenInPartError(1);
    };
    await runs.run([sink.openable({ batchSize: 5 })], blocks(1, 5));
    expect(sink.lines).to.deep.equal([insert(1, 1), insert(2, 1)]);
    expect(await runs.standing()).to.include({ failing: true, lastError: 'no room', cursorBlock: 1 });
    [runs.stopping, isFull] = [new AbortController(), false];
    sink.receives = () => undefined;
    await runs.run([sink.openable({ batchSize: 5 })], noMore);
    expect(sink.lines).to.deep.equal([1, 2, 3, 4, 5].map((block) => insert(block, 1)));
  });

  it('is paused between the parts of a batch that a receiver takes piecewise', async () => {
    const out = { name: 'out', type: 'recording' };
    const store = new SinkStore(database);
    sink.receives = async (batch) => {
      await store.setPaused(pipelineId, out, true);
      await runs.clock.sleep(1_000);
      if (batch.messages.length === 1) return;
      sink.batches.push({ ...batch, messages: batch.messages.slice(0, 1) });
      throw new TakenInPartError(1);
    };
    await runs.run([sink.openable({ batchSize: 200 })], blocks(1, 200));
    expect(sink.messages.length).to.be.within(1, 199);
    expect(await runs.standing()).to.include({ paused: true, failing: false, cursorBlock: sink.messages.length - 1 });
    await store.setPaused(pipelineId, out, false);
    sink.receives = () => undefined;
    await runs.run([sink.openable({ batchSize: 200 })], noMore);
    expect(sink.lines).to.deep.equal(Array.from({ length: 200 }, (_, i) => insert(i + 1, 1)));
  });

  for (const [when, batchSize] of [
    ['tries of a message that is refused', 1],
    ['halves of a batch that is', 100],
  ] as const) {
    it(`is paused between the ${when}, and makes no dead letters then`, async () => {
      const out = { name: 'out', type: 'recording' };
      const store = new SinkStore(database);
      let tries = 0;
      sink.receives = async () => {
        tries += 1;
        await store.setPaused(pipelineId, out, true);
        // Until the run has looked what people want.
        await runs.clock.sleep(10_000);
        throw new MessageRefusedError('401: the token has run out');
      };
      await runs.run([sink.openable({ batchSize, maxAttempts: 10 })], blocks(1, 100));
      expect(tries).to.equal(1);
      expect(await runs.standing()).to.include({ paused: true, deadLetters: 0 });
      await store.setPaused(pipelineId, out, false);
      sink.receives = () => undefined;
      await runs.run([sink.openable({ batchSize: 100 })], noMore);
      expect(sink.lines).to.deep.equal(Array.from({ length: 100 }, (_, i) => insert(i + 1, 1)));
    });
  }

  const failWhile = async (end: AbortController): Promise<void> => {
    let tries = 0;
    sink.receives = () => {
      tries += 1;
      throw new ReceiverAwayError('no answer', { retryAfterMs: 10 });
    };
    const run = runs.run([sink.openable()], blocks(1, 2));
    await eventually('another try', () => tries > 1);
    end.abort(new Error('it is enough'));
    await run.catch(() => undefined);
  };

  it('leaves a sink failing that could deliver nothing when the run was stopped', async () => {
    await failWhile(runs.stopping);
    expect(await runs.standing()).to.include({ failing: true, lastError: 'no answer', cursorBlock: null });
    expect(runs.lines).not.to.include('sink out delivers again');
  });

  it('says that a sink delivers again which was failing when the run before was cut off', async () => {
    await failWhile(runs.hard);
    expect(await runs.standing()).to.include({ failing: true });
    runs.revive();
    sink.receives = async () => {
      expect(await runs.standing()).to.include({ failing: true });
    };
    await runs.run([sink.openable()], noMore);
    expect(await runs.standing()).to.include({ failing: false, lastError: 'no answer', cursorBlock: 2 });
    expect(runs.lines.filter((line) => line === 'sink out delivers again')).to.have.length(1);
    await isTrue();
  });

  it('leaves a sink of final blocks failing until a run knows what is final', async () => {
    let finalized = 2;
    const openable = sink.openable({ delivery: 'finalized' });
    const run = (send = noMore) => runs.run([openable], send, { finalized: () => Promise.resolve(finalized) });
    await run(blocks(1, 2));
    // As the run before left it, which failed at what becomes final next.
    await database.knex('pipeline_sink').update({ failing_since: '2024-01-15 10:00:00' });
    finalized = -1;
    const waiting = run();
    await eventually('a wait for what is final', () => runs.lines.some((line) => line.startsWith('all is read')));
    expect(await runs.standing()).to.include({ failing: true });
    finalized = 2;
    await waiting;
    expect(await runs.standing()).to.include({ failing: false });
  });

  it('leaves a sink failing that is paused when the run ends', async () => {
    await failWhile(runs.hard);
    runs.hard = new AbortController();
    await new SinkStore(database).setPaused(pipelineId, { name: 'out', type: 'recording' }, true);
    await runs.run([sink.openable()], noMore);
    expect(await runs.standing()).to.include({ failing: true, paused: true });
  });

  for (const fails of [false, true]) {
    it(`says once that a target which gathers can’t be written ${fails ? 'at the end' : 'as it goes'}, and that it is again`, async () => {
      let tries = 0;
      const gathering = {
        claim: () => Promise.resolve(null),
        deliver: () => Promise.resolve(),
        settle: ({ ends }: Settled) => {
          if (ends === fails && ++tries < 5) throw new ReceiverAwayError('no space left', { retryAfterMs: 10 });
          return Promise.resolve();
        },
        close: () => Promise.resolve(),
      };
      const open = () => Promise.resolve({ stages: [], sink: gathering });
      await runs.run([sink.openable({ open })], blocks(1, 2));
      expect(await runs.standing()).to.include({ failing: false, lastError: 'no space left' });
      expect(runs.lines.filter((line) => line.startsWith('sink out'))).to.deep.equal([
        'sink out can’t deliver: no space left',
        'sink out delivers again',
      ]);
    });
  }

  it('makes a dead letter of the one message that is refused, of its remove too, and the others go on', async () => {
    const tries: number[] = [];
    sink.receives = ({ messages }) => {
      tries.push(messages.length);
      if (messages.some(({ place }) => place.blockNumber === 2)) throw new MessageRefusedError('413: secret99');
    };
    await runs.run([sink.openable()], blocks(1, 3));
    expect(sink.lines).to.deep.equal([insert(1, 1), insert(3, 1)]);
    expect(tries).to.deep.equal([3, 1, 2, 1, 1, 1, 1]);
    const [letter] = await letters().list(name(), { limit: 10 });
    expect(letter).to.deep.include({ attempts: 3, error: '413: ***' });
    await runs.run([sink.openable()], takenBack);
    expect(sink.lines.slice(2)).to.deep.equal([remove(1, 2), remove(3, 2)]);
    expect((await letters().list(name(), { limit: 10 })).map(({ message }) => message.op)).to.deep.equal([
      'insert',
      'remove',
    ]);
  });

  it('makes a dead letter of a message however long it is, and keeps no more of its event than where it stands', async () => {
    sink.receives = () => {
      throw new MessageRefusedError('413');
    };
    const argsJson = JSON.stringify({ data: `0x${'ab'.repeat(40_000)}` });
    await runs.run([sink.openable()], async function* () {
      await Promise.resolve();
      yield exampleBatch(1, 1, { events: [{ ...exampleEvent(1, 0), argsJson }] });
    });
    const [letter] = await letters().list(name(), { limit: 10 });
    expect(letter!.message.data.text).to.include(argsJson.slice(1, -1));
    expect(letter!.message.place).to.have.all.keys(
      ...['chainId', 'blockNumber', 'blockHash', 'timestamp', 'transactionHash', 'transactionIndex', 'logIndex'],
      'contractAddress',
    );
  });

  it('tries a dead letter again when a person says so, and keeps it where it is refused again', async () => {
    sink.receives = () => {
      throw new MessageRefusedError('400');
    };
    await runs.run([sink.openable()], blocks(1, 1));
    await letters().retry(name(), 'all');
    await runs.run([sink.openable({ maxAttempts: 2 })], noMore);
    expect(await letters().list(name(), { limit: 10 })).to.have.length(1);
    sink.receives = () => undefined;
    await letters().retry(name(), 'all');
    await runs.run([sink.openable()], noMore);
    expect(await letters().list(name(), { limit: 10 })).to.deep.equal([]);
    await isTrue();
  });

  it('tries a remove again with the dead letter that it joined, though only that was asked for', async () => {
    sink.receives = () => {
      throw new MessageRefusedError('400');
    };
    await runs.run([sink.openable()], blocks(1, 1));
    const [dead] = await letters().list(name(), { limit: 10 });
    sink.receives = () => undefined;
    await runs.run([sink.openable()], takenBack);
    await letters().retry(name(), [dead!.id]);
    await runs.run([sink.openable()], noMore);
    expect(sink.lines).to.deep.equal([insert(1, 1), remove(1, 2)]);
    expect(await letters().list(name(), { limit: 10 })).to.deep.equal([]);
    await isTrue();
  });

  it('keeps the remove of a dead letter that is refused again', async () => {
    sink.receives = ({ messages }) => {
      if (messages[0]?.op === 'insert') throw new MessageRefusedError('400');
    };
    await runs.run([sink.openable()], blocks(1, 1));
    await runs.run([sink.openable()], takenBack);
    await letters().retry(name(), 'all');
    await runs.run([sink.openable()], noMore);
    expect(sink.lines).to.deep.equal([]);
    expect(await letters().list(name(), { limit: 10 })).to.have.length(2);
    expect(await runs.standing()).to.include({ dueLetters: 0 });
  });

  /** Has an event come and go twice, with a receiver that refuses it; returns its inserts that are dead letters. */
  const comeAndGoTwice = async () => {
    sink.receives = () => {
      throw new MessageRefusedError('400');
    };
    for (let times = 0; times < 2; times++) {
      await runs.run([sink.openable()], blocks(1, 1));
      await runs.run([sink.openable()], takenBack);
    }
    sink.receives = () => undefined;
    return (await letters().list(name(), { limit: 10 })).filter(({ message }) => message.op === 'insert');
  };

  it('tries an event that came and went twice as it came and went, though only its inserts were asked for', async () => {
    const inserts = await comeAndGoTwice();
    const ids = inserts.map(({ id }) => id);
    await letters().retry(name(), ids);
    await runs.run([sink.openable()], noMore);
    expect(sink.lines).to.deep.equal([insert(1, 1), remove(1, 2), insert(1, 3), remove(1, 4)]);
    expect(await letters().list(name(), { limit: 10 })).to.deep.equal([]);
    await isTrue();
  });

  it('takes back what was taken of an event, though an earlier insert of it is a dead letter still', async () => {
    const [, second] = await comeAndGoTwice();
    await letters().retry(name(), [second!.id]);
    await runs.run([sink.openable()], noMore);
    expect(sink.lines).to.deep.equal([insert(1, 3), remove(1, 4)]);
    expect(await letters().list(name(), { limit: 10 })).to.have.length(2);
    await isTrue();
  });

  it('drops what took an event back with the dead letter that it had joined, and nothing else', async () => {
    const [first] = await comeAndGoTwice();
    expect(await letters().drop(name(), [first!.id])).to.equal(2);
    await letters().retry(name(), 'all');
    await runs.run([sink.openable()], noMore);
    expect(sink.lines).to.deep.equal([insert(1, 3), remove(1, 4)]);
    await isTrue();
  });

  it('has no dead letter undo what came since: an event that is there again stays', async () => {
    sink.receives = () => {
      throw new MessageRefusedError('400');
    };
    await runs.run([sink.openable()], blocks(1, 1));
    sink.receives = () => undefined;
    await runs.run([sink.openable()], async function* () {
      await Promise.resolve();
      yield { kind: 'rollback', ancestor: { number: 0, hash: hashOf('block 0') } };
      yield exampleBatch(1, 1);
    });
    expect(await letters().list(name(), { limit: 10 })).to.have.length(2);
    await letters().retry(name(), 'all');
    await runs.run([sink.openable()], noMore);
    expect(sink.lines).to.deep.equal([insert(1, 3)]);
    expect(await letters().list(name(), { limit: 10 })).to.deep.equal([]);
    await isTrue();
  });

  it('takes back what a replay has brought, though it had been refused before', async () => {
    sink.receives = ({ messages }) => {
      if (messages.some(({ place }) => place.blockNumber === 2)) throw new MessageRefusedError('400');
    };
    await runs.run([sink.openable()], blocks(1, 3));
    sink.receives = () => undefined;
    await new SinkStore(database).requestReplay(await runs.standing(), 2);
    await runs.run([sink.openable()], noMore);
    expect(await letters().list(name(), { limit: 10 })).to.deep.equal([]);
    await runs.run([sink.openable()], takenBack);
    expect(sink.lines.slice(-3)).to.deep.equal([remove(1, 2), remove(2, 2), remove(3, 2)]);
    await isTrue();
  });

  it('takes back what a replay has brought to a target that keeps the cursor, though the run was cut off behind that', async () => {
    sink.held = null;
    sink.receives = () => {
      throw new MessageRefusedError('400');
    };
    await runs.run([sink.openable()], blocks(1, 1));
    sink.receives = () => undefined;
    sink.answers = () => runs.kill();
    await new SinkStore(database).requestReplay(await runs.standing(), 0);
    await runs.run([sink.openable()], noMore);
    runs.revive();
    sink.answers = () => undefined;
    await runs.run([sink.openable()], takenBack);
    await letters().retry(name(), 'all');
    await runs.run([sink.openable()], noMore);
    expect(sink.lines).to.deep.equal([insert(1, 1, 1), remove(1, 2)]);
    expect(await letters().list(name(), { limit: 10 })).to.deep.equal([]);
  });

  it('has no dead letter left of what a replay has brought to such a target, though the run was cut off behind that', async () => {
    sink.held = null;
    sink.receives = () => {
      throw new MessageRefusedError('400');
    };
    await runs.run([sink.openable()], blocks(1, 2));
    sink.receives = ({ messages: [first] }) => {
      if (first!.place.blockNumber === 2) throw new MessageRefusedError('400');
    };
    sink.answers = () => runs.kill();
    await new SinkStore(database).requestReplay(await runs.standing(), 0);
    await runs.run([sink.openable({ batchSize: 1 })], noMore);
    expect(await letters().list(name(), { limit: 10 })).to.have.length(2);
    runs.revive();
    sink.answers = () => undefined;
    await runs.run([sink.openable({ batchSize: 1 })], noMore);
    expect(sink.lines).to.deep.equal([insert(1, 1, 1)]);
    const left = await letters().list(name(), { limit: 10 });
    expect(left.map(({ message: { op, rank, place } }) => [op, place.blockNumber, rank])).to.deep.equal([
      ['insert', 2, rankOf(1, 'insert', 0)],
      ['insert', 2, rankOf(1, 'insert', 1)],
    ]);
  });

  it('takes back an event that was refused again when it was sent again, once its first dead letter is taken', async () => {
    sink.receives = () => {
      throw new MessageRefusedError('400');
    };
    await runs.run([sink.openable()], blocks(1, 1));
    await new SinkStore(database).requestReplay(await runs.standing(), 0);
    await runs.run([sink.openable()], noMore);
    await runs.run([sink.openable()], takenBack);
    const [first, ...others] = await letters().list(name(), { limit: 10 });
    expect(others).to.have.length(2);
    sink.receives = () => undefined;
    await letters().retry(name(), [first!.id]);
    await runs.run([sink.openable()], noMore);
    expect(sink.lines).to.deep.equal([insert(1, 1), remove(1, 2)]);
    expect(await letters().list(name(), { limit: 10 })).to.have.length(1);
    await letters().retry(name(), 'all');
    await runs.run([sink.openable()], noMore);
    expect(sink.messages).to.have.length(2);
    expect(await letters().list(name(), { limit: 10 })).to.deep.equal([]);
    await isTrue();
  });

  it('keeps the remove that was refused itself where the dead letter of a replay is dropped', async () => {
    await runs.run([sink.openable()], blocks(1, 1));
    sink.receives = () => {
      throw new MessageRefusedError('400');
    };
    await new SinkStore(database).requestReplay(await runs.standing(), 0);
    await runs.run([sink.openable()], noMore);
    await runs.run([sink.openable()], takenBack);
    const [dead] = await letters().list(name(), { limit: 10 });
    expect(dead!.message.op).to.equal('insert');
    expect(await letters().drop(name(), [dead!.id])).to.equal(1);
    sink.receives = () => undefined;
    await letters().retry(name(), 'all');
    await runs.run([sink.openable()], noMore);
    expect(sink.lines).to.deep.equal([insert(1, 1), remove(1, 2)]);
    await isTrue();
  });

  it('is told to lose an event though another came in its place, and nothing of one that it never had', async () => {
    await runs.run([sink.openable()], blocks(1, 1));
    sink.receives = () => {
      throw new MessageRefusedError('400');
    };
    await runs.run([sink.openable()], blocks(2, 2));
    await runs.run([sink.openable()], takenBack);
    sink.receives = () => undefined;
    await runs.run([sink.openable()], async function* () {
      await Promise.resolve();
      yield exampleBatch(1, 2, { events: [eventOn('b', 1), eventOn('b', 2)] });
    });
    await letters().retry(name(), 'all');
    await runs.run([sink.openable()], noMore);
    expect(sink.lines).to.deep.equal([insert(1, 1), insert(1, 4), insert(2, 4), remove(1, 3)]);
    expect(await letters().list(name(), { limit: 10 })).to.deep.equal([]);
    await isTrue();
  });

  it('sends a stretch again from a block, with a number that stays below what becomes of it', async () => {
    await runs.run([sink.openable()], blocks(1, 3));
    const store = new SinkStore(database);
    expect(await store.requestReplay(await runs.standing(), 2)).to.equal(true);
    await runs.run([sink.openable()], noMore);
    expect(sink.lines.slice(3)).to.deep.equal([insert(2, 1, 1), insert(3, 1, 1)]);
    expect(await runs.standing()).to.include({ cursorBlock: 3 });
    await runs.run([sink.openable()], noMore);
    expect(sink.messages).to.have.length(5);
    await runs.run([sink.openable()], async function* () {
      await Promise.resolve();
      yield { kind: 'rollback', ancestor: { number: 2, hash: hashOf('block 2') } };
    });
    await isTrue();
  });

  it('delivers to a sink that was added later from the beginning, or from now on', async () => {
    await runs.run([sink.openable()], blocks(1, 2));
    const [all, later] = [new RecordingSink(), new RecordingSink()];
    const sinks = [sink.openable(), all.openable({ name: 'all' }), later.openable({ name: 'later', start: 'now' })];
    await runs.run(sinks, async function* () {
      await Promise.resolve();
      yield { kind: 'rollback', ancestor: { number: 1, hash: hashOf('block 1') } };
      yield exampleBatch(2, 3);
    });
    expect([...all.state]).to.have.deep.members([...(await runs.stored())]);
    expect(later.lines).to.deep.equal([insert(2, 3), insert(3, 3)]);
    expect((await runs.standing('later')).cursorBlock).to.equal(3);
  });

  it('is not behind with what was there before a sink that begins from now on', async () => {
    await runs.run([sink.openable()], blocks(1, 2));
    const later = new RecordingSink();
    await runs.run([sink.openable(), later.openable({ name: 'later', start: 'now' })], noMore);
    expect(await runs.standing('later')).to.include({ cursorBlock: 2 });
    expect(await behind('later')).to.equal(0);
  });

  it('is behind with what a person had taken back, or repaired, until that is told', async () => {
    await runs.run([sink.openable()], blocks(1, 5));
    expect(await behind()).to.equal(0);
    await runs.repair(2, [{ ...exampleEvent(2, 0), argsJson: '{"value":"other"}' }]);
    expect(await behind(), 'repaired').to.equal(1);
    await new SinkStore(database).setPaused(pipelineId, { name: 'out', type: 'recording' }, true);
    await runs.run([sink.openable()], async function* () {
      await Promise.resolve();
      yield { kind: 'rollback', ancestor: { number: 2, hash: hashOf('block 2') } };
    });
    expect(await behind(), 'taken back').to.equal(3);
    await new SinkStore(database).setPaused(pipelineId, { name: 'out', type: 'recording' }, false);
    await runs.run([sink.openable()], noMore);
    expect(await behind()).to.equal(0);
    await isTrue();
  });

  it('delivers final blocks alone where that is wanted, and waits for the rest', async () => {
    let finalized = 2;
    const told: string[] = [];
    const run = runs.run([sink.openable({ delivery: 'finalized' })], blocks(1, 4), {
      finalized: () => Promise.resolve(finalized),
    });
    await eventually('two messages', () => sink.messages.length === 2);
    told.push(...sink.lines);
    await eventually('a line that says what is waited for', () =>
      runs.lines.includes('all is read; the run ends once out has delivered it: final is block 2'),
    );
    finalized = 4;
    await run;
    expect(told).to.deep.equal([insert(1, 1), insert(2, 1)]);
    expect(sink.lines).to.deep.equal([1, 2, 3, 4].map((block) => insert(block, 1)));
    expect(await runs.standing()).to.include({ cursorBlock: 4 });
  });

  it('reads anew what the chain has replaced while its finality is waited for', async () => {
    const answers = [2, null, 4];
    let reads = 0;
    const send: Send = (context, start) => (reads++ === 0 ? blocks(1, 4)(context, start) : noMore(context, start));
    const { task } = await runs.run([sink.openable({ delivery: 'finalized' })], send, {
      finalized: () => Promise.resolve(answers.length > 1 ? answers.shift()! : 4),
    });
    expect([reads, task.endReason]).to.deep.equal([2, 'completed']);
    expect(sink.lines).to.deep.equal([1, 2, 3, 4].map((block) => insert(block, 1)));
    expect(runs.lines.join()).to.contain('the chain has replaced blocks that sinks wait for: they are taken back');
  });

  it('delivers all else without a run where the chain has replaced what a sink waits for, and ends', async () => {
    await runs.run([], blocks(1, 4));
    const final = new RecordingSink();
    let isSlow = true;
    sink.receives = () => {
      if (isSlow) throw new ReceiverAwayError('not yet');
    };
    const isReplaced = (): boolean => runs.lines.join().includes('not yet');
    const run = runs.run([sink.openable(), final.openable({ name: 'final', delivery: 'finalized' })], noMore, {
      run: { deliverOnly: true },
      finalized: () => Promise.resolve(isReplaced() ? null : -1),
    });
    await eventually('it is known to be replaced', () => final.messages.length === 0 && isReplaced());
    isSlow = false;
    expect((await run).task.endReason).to.equal('completed');
    expect(sink.lines).to.deep.equal([1, 2, 3, 4].map((block) => insert(block, 1)));
    expect(final.lines).to.deep.equal([]);
    expect(runs.lines.join()).to.contain('the next run takes them back');
  });

  it('asks for finality while a sink waits for it and nothing is committed, and not where none does', async () => {
    let finalized = 2;
    const askedAt: number[] = [];
    let looks = 0;
    const run = runs.run([sink.openable({ delivery: 'finalized' })], quiet, {
      finalized: () => {
        askedAt.push(runs.clock.monotonic());
        return Promise.resolve(finalized);
      },
      observe: ({ kind }) => (looks += kind === 'sinks_seen' ? 1 : 0),
    });
    await eventually(
      'two messages, and that the rest is waited for',
      () => sink.messages.length === 2 && askedAt.length > 3,
    );
    finalized = 4;
    await eventually('what became final', () => sink.messages.length === 4);
    const [before, asked] = [looks, askedAt.length];
    await eventually('a minute more', () => looks >= before + 30);
    expect(askedAt).to.have.length(asked);
    // Twelve seconds by its own look at the clock, which is a moment before this one; without the rule it would be five.
    for (const [at, time] of askedAt.slice(1).entries()) expect(time - (askedAt[at] ?? 0)).to.be.at.least(8_000);
    runs.stopping.abort(new Error('stopped'));
    await run;
  });

  it('looks for what people want of its sinks while no node says what is final', async () => {
    let asked = 0;
    let looks = 0;
    const run = runs.run([sink.openable({ delivery: 'finalized' })], quiet, {
      finalized: () => {
        asked++;
        return new Promise<number>(() => undefined);
      },
      observe: ({ kind }) => (looks += kind === 'sinks_seen' ? 1 : 0),
    });
    await eventually('it looks again and again', () => asked === 1 && looks > 20);
    expect(asked).to.equal(1);
    runs.stopping.abort(new Error('stopped'));
    await run;
  });

  it('says what keeps a sink from delivering, rather than which block is final', async () => {
    sink.receives = () => {
      throw new ReceiverAwayError('the disk is full');
    };
    const run = runs.run([sink.openable({ delivery: 'finalized' })], blocks(1, 2), {
      finalized: () => Promise.resolve(2),
    });
    await eventually('a line that says what is waited for', () =>
      runs.lines.includes('all is read; the run ends once out has delivered it: out can’t: the disk is full'),
    );
    expect(runs.lines.filter((line) => line.startsWith('all is read')).join()).not.to.contain('final is');
    expect(runs.errors.join(), 'is told with --quiet, too').to.contain('out can’t: the disk is full');
    sink.receives = () => undefined;
    await run;
    expect(sink.lines).to.deep.equal([1, 2].map((block) => insert(block, 1)));
  });

  it('leaves a paused sink alone, without keeping the task from its end', async () => {
    await new SinkStore(database).setPaused(pipelineId, { name: 'out', type: 'recording' }, true);
    const { task } = await runs.run([sink.openable()], blocks(1, 2));
    expect(task.endReason).to.equal('completed');
    expect(sink.messages).to.deep.equal([]);
    await new SinkStore(database).setPaused(pipelineId, { name: 'out', type: 'recording' }, false);
    await runs.run([sink.openable()], noMore);
    await isTrue();
  });

  it('does what a person asks of a sink while the run, which has read all, waits for another', async () => {
    const [asked, paused, down] = [sink, new RecordingSink(), new RecordingSink()];
    const store = new SinkStore(database);
    const resting = { name: 'paused', type: 'recording' };
    await store.setPaused(pipelineId, resting, true);
    down.receives = () => {
      throw new ReceiverAwayError('no answer', { retryAfterMs: 10 });
    };
    const others = [paused.openable({ name: 'paused' }), down.openable({ name: 'down' })];
    const run = runs.run([asked.openable(), ...others], blocks(1, 2));
    await eventually('the end of its deliveries', () => runs.lines.some((line) => line.startsWith('all is read')));
    expect(asked.lines).to.deep.equal([insert(1, 1), insert(2, 1)]);
    await store.setPaused(pipelineId, resting, false);
    await store.requestReplay(await runs.standing(), 2);
    await eventually('what was asked for', () => asked.lines.length === 3 && paused.lines.length === 2);
    expect(asked.lines.at(-1)).to.equal(insert(2, 1, 1));
    down.receives = () => undefined;
    expect((await run).task.endReason).to.equal('completed');
    for (const { lines } of [paused, down]) expect(lines).to.deep.equal([insert(1, 1), insert(2, 1)]);
    expect(await runs.standing()).to.include({ failing: false, cursorBlock: 2 });
  });

  it('does what a person asks of it while it writes the last of what it gathered', async () => {
    const delivered: number[] = [];
    let isAsked = false;
    const gathering = {
      claim: () => Promise.resolve(null),
      deliver: ({ messages }: SinkBatch) => Promise.resolve(void delivered.push(messages.length)),
      settle: async ({ ends }: Settled) => {
        if (!ends || isAsked) return;
        isAsked = true;
        await new SinkStore(database).requestReplay(await runs.standing(), 2);
        // Until the run has looked what people want.
        await runs.clock.sleep(10_000);
      },
      close: () => Promise.resolve(),
    };
    await runs.run([sink.openable({ open: () => Promise.resolve({ stages: [], sink: gathering }) })], blocks(1, 2));
    expect(delivered).to.deep.equal([2, 1]);
  });

  it('tells only of the events that a sink names, through its stages', async () => {
    sink.stages = [{ map: (messages) => Promise.resolve(messages.filter(({ place }) => place.blockNumber !== 2)) }];
    await runs.run([sink.openable({ eventNames: ['Transfer'] })], async function* () {
      await Promise.resolve();
      yield exampleBatch(1, 3, { events: [1, 2, 3].map((block) => exampleEvent(block, 0)) });
      yield exampleBatch(4, 4, { events: [{ ...exampleEvent(4, 0), eventName: 'Other' }] });
    });
    expect(sink.lines).to.deep.equal([insert(1, 1), insert(3, 1)]);
    expect((await runs.standing()).cursorBlock).to.equal(4);
  });

  it('tells only of the event whose signature a sink names', async () => {
    const other = { eventSignature: 'Transfer(address,uint256)' };
    const { eventSignature } = exampleEvent(1, 0);
    await runs.run([sink.openable({ eventNames: [eventSignature] })], async function* () {
      await Promise.resolve();
      yield exampleBatch(1, 2, { events: [exampleEvent(1, 0), { ...exampleEvent(2, 0), ...other }] });
    });
    expect(sink.lines).to.deep.equal([insert(1, 1)]);
  });

  it('takes back what it was told of before it named other events, and nothing of those that it never named', async () => {
    const named = (eventName: string, block: number, logIndex = 0) => ({ ...exampleEvent(block, logIndex), eventName });
    const batch = (block: number, ...events: readonly string[]) =>
      exampleBatch(block, block, { events: events.map((eventName, i) => named(eventName, block, i)) });
    await runs.run([sink.openable({ eventNames: ['Rare'] })], async function* () {
      await Promise.resolve();
      yield batch(1, 'Rare', 'Transfer');
    });
    await runs.run([sink.openable({ eventNames: ['Other'] })], async function* () {
      await Promise.resolve();
      yield batch(2, 'Other', 'Transfer', 'Rare');
    });
    expect((await runs.standing()).toldEvents).to.deep.equal(['Rare', 'Other']);
    await runs.run([sink.openable({ eventNames: ['Other'] })], takenBack);
    const ops = sink.messages.map(({ op, eventName, place }) => `${op} ${eventName} ${place.blockNumber}`);
    expect(ops.slice(0, 3)).to.deep.equal(['insert Rare 1', 'insert Other 2', 'remove Rare 1']);
    expect(ops.slice(3).sort()).to.deep.equal(['remove Other 2', 'remove Rare 2']);
    expect(sink.state.size).to.equal(0);
  });

  describe('below a mapper', () => {
    const names = ['Transfer', 'Other', 'Never'];
    const signed = (eventName: string) => ({ eventName, eventSignature: `${eventName}()` });
    const below = (...eventNames: readonly string[]): OpenableSink => {
      const keeps = { transformer: null, validator: null, condition: null, required: false };
      const rules = [{ sourceKey: 'block_number', targetKey: 'n', ...keeps }];
      const config = { mappings: eventNames.map((eventName) => ({ eventName, rules })) };
      sink.stages = [new DictMapper('rows', config)];
      const above = names.map((eventName) => ({ ...signed(eventName), fields: [], mapped: false }));
      return sink.openable({ events: mappedFields(config, above) });
    };
    const three: Send = async function* () {
      await Promise.resolve();
      const events = names.map((eventName, i) => ({ ...exampleEvent(1, i), ...signed(eventName) }));
      yield exampleBatch(1, 1, { events });
    };

    it('takes back what it was told of by the rules of before, and nothing of what no rules ever named', async () => {
      await runs.run([below('Transfer', 'Other')], three);
      await runs.run([below('Transfer')], takenBack);
      expect(sink.messages.map(({ op, eventName, data }) => `${op} ${eventName} ${data.text}`)).to.deep.equal([
        'insert Transfer {"n":1}',
        'insert Other {"n":1}',
        'remove Transfer {"n":1}',
        'remove Other {}',
      ]);
      expect(sink.state.size).to.equal(0);
    });
  });

  it('takes back events of every name once it has named none', async () => {
    const all = sink.openable();
    await runs.run([all], blocks(1, 2));
    await runs.run([sink.openable({ eventNames: ['Other'] })], noMore);
    expect((await runs.standing()).toldEvents).to.deep.equal([]);
    await runs.run([sink.openable({ eventNames: ['Other'] })], takenBack);
    expect(sink.state.size).to.equal(0);
  });

  it('fails a historical run, once all is read, where a receiver can’t be what its definition asks for', async () => {
    const open = () => Promise.reject(new UnfitReceiverError('too many columns', { hint: 'name fewer events' }));
    const run = runs.run([sink.openable({ open })], blocks(1, 3));
    expect(await rejectionOf(run, UnfitReceiverError)).to.include({ code: 'USAGE', exitCode: 2 });
    expect(await runs.standing()).to.include({ failing: true, lastError: 'too many columns (name fewer events)' });
    expect(await runs.stored()).to.have.property('size', 3);
    await runs.run([sink.openable()], noMore);
    expect(sink.lines).to.have.length(3);
  });

  describe('with a target that keeps the cursor', () => {
    beforeEach(() => {
      sink.held = null;
    });

    it('goes on from what the target holds, so that each message lands once', async () => {
      sink.answers = ({ fromBlock }) => {
        if (fromBlock === 4) runs.kill();
      };
      await runs.run([sink.openable()], blocks(1, 7));
      runs.revive();
      sink.answers = () => undefined;
      await runs.run([sink.openable()], noMore);
      expect(sink.lines).to.deep.equal([1, 2, 3, 4, 5, 6, 7].map((block) => insert(block, 1)));
    });

    it('goes on from there, too, after a run that was cut off before it had sent anything', async () => {
      sink.answers = ({ fromBlock }) => {
        if (fromBlock === 4) runs.kill();
      };
      await runs.run([sink.openable()], blocks(1, 7));
      runs.revive();
      sink.answers = () => undefined;
      sink.stages = [{ map: () => runs.kill() }];
      await runs.run([sink.openable()], noMore);
      runs.revive();
      sink.stages = [];
      await runs.run([sink.openable()], noMore);
      expect(sink.lines).to.deep.equal([1, 2, 3, 4, 5, 6, 7].map((block) => insert(block, 1)));
    });

    describe('of a sink that is taken out of the definition, and put back', () => {
      const takeOut = async (): Promise<void> => {
        await database.write([...forgetOtherSinks(database.knex, pipelineId, [])]);
      };

      it('goes on from what the target holds, so that each message lands once', async () => {
        await runs.run([sink.openable()], blocks(1, 3));
        await takeOut();
        await runs.run([sink.openable()], noMore);
        expect(sink.lines).to.have.length(3);
        expect(await runs.standing()).to.include({ cursorBlock: 3, failing: false });
        await takeOut();
        await runs.run([], blocks(4, 6), { keepsRemoved: false });
        await runs.run([sink.openable({ eventNames: ['Transfer'] })], blocks(7, 7));
        expect(sink.lines).to.deep.equal([
          ...[1, 2, 3].map((block) => insert(block, 1)),
          ...[4, 5, 6].map((block) => insert(block, 2)),
          insert(7, 3),
        ]);
        expect(runs.lines.join('\n')).to.include('goes on from what its target holds');
        expect((await runs.standing()).toldEvents).to.deep.equal([]);
      });

      it('is sent again what a person asks for then, though something had been sent again before', async () => {
        await runs.run([sink.openable()], blocks(1, 2));
        await new SinkStore(database).requestReplay(await runs.standing(), 2);
        await runs.run([sink.openable()], noMore);
        await takeOut();
        await runs.run([sink.openable()], noMore);
        expect(sink.lines.slice(2)).to.deep.equal([insert(2, 1, 1)]);
        await new SinkStore(database).requestReplay(await runs.standing(), 2);
        await runs.run([sink.openable()], noMore);
        expect(sink.lines.slice(3)).to.deep.equal([insert(2, 1, 2)]);
      });

      it('stops, and says why, where what went meanwhile was not kept', async () => {
        await runs.run([sink.openable()], blocks(1, 3));
        await takeOut();
        await runs.run([], takenBack, { keepsRemoved: false });
        const error = await rejectionOf(runs.run([sink.openable()], noMore));
        expect(error).to.have.property('message').that.includes('taken back or repaired since was not kept');
        // What is sent again takes no row away.
        const first = 'delete the rows of blocks from N on, some of which may have been taken back, then: ';
        expect(error).to.have.property('hint', `${first}chainparse sink replay ${pipelineId} out --from-block N`);
      });

      it('goes on from there, too, where a sink begins with what is new', async () => {
        const fromNow = sink.openable({ start: 'now' });
        await runs.run([fromNow], blocks(1, 3));
        for (const [first, last] of [
          [4, 3],
          [4, 5],
        ] as const) {
          await takeOut();
          await runs.run([], first > last ? noMore : blocks(first, last));
          await runs.run([fromNow], noMore);
          expect(sink.lines).to.have.length(last);
        }
        await runs.run([fromNow], takenBack);
        expect(sink.state.size).to.equal(0);
      });

      it('stops, and says why, where the journal has forgotten what came meanwhile', async () => {
        await runs.run([sink.openable()], blocks(1, 3));
        await takeOut();
        for (const block of [4, 5]) await runs.run([], blocks(block, block));
        const commits = () => database.knex('pipeline_commit').where({ pipeline_id: pipelineId });
        await database.write([commits().where('version', '<', 3).delete()]);
        const error = await rejectionOf(runs.run([sink.openable()], noMore));
        expect(error).to.have.property('message').that.includes('the journal has forgotten what has changed since');
      });

      it('stops where the database was set back to before the sink, and the journal has come as far again', async () => {
        await runs.run([sink.openable()], blocks(1, 3));
        await takeOut();
        await database.write([
          database.knex('pipeline_commit').where({ pipeline_id: pipelineId, version: 1 }).update({ to_block: 2 }),
          database.knex('pipeline_checkpoint').where({ pipeline_id: pipelineId }).update({ block_number: 2 }),
        ]);
        const error = await rejectionOf(runs.run([sink.openable()], noMore));
        expect(error).to.have.property('message').that.includes('the database was set back');
      });
    });

    for (const [known, replay] of [
      [6, 1],
      [2, 0],
    ] as const) {
      it(`is filled from the block on that a person names, once it is known that block ${known} is final`, async () => {
        const openable = sink.openable({ delivery: 'finalized' });
        await runs.run([openable], blocks(1, 6), { finalized: () => Promise.resolve(6) });
        sink.held = null;
        const told = sink.lines.length;
        await new SinkStore(database).requestReplay(await runs.standing(), 4);
        let finalized = -1;
        const run = runs.run([openable], noMore, { finalized: () => Promise.resolve(finalized) });
        const waits = (how: string) => () =>
          runs.lines
            .filter((line) => line.startsWith('all is read'))
            .join()
            .includes(how);
        await eventually('a wait for what is final', waits('not known'));
        expect(sink.lines.slice(told)).to.deep.equal([]);
        finalized = known;
        await eventually('it goes on', async () => {
          const { place } = await runs.standing();
          return sink.lines.length > told || place?.includes('1,1,"end"') === true;
        });
        finalized = 6;
        await run;
        expect(sink.lines.slice(told)).to.deep.equal([4, 5, 6].map((block) => insert(block, 1, replay)));
      });
    }

    it('stops where it belongs to another life, or is ahead of the journal, until a replay is asked for', async () => {
      await runs.run([sink.openable()], blocks(1, 3));
      const held = sink.held!;
      sink.held = { ...held, epoch: 'another' };
      const error = await rejectionOf(runs.run([sink.openable()], blocks(4, 4)));
      expect(error).to.include({ code: 'SINK_STOPPED', exitCode: 1 });
      expect(await runs.standing()).to.include({ failing: true });
      sink.held = { ...held, place: held.place.replace('[1,null]', '[99,null]') };
      expect(await rejectionOf(runs.run([sink.openable()], noMore)))
        .to.have.property('message')
        .that.includes('ahead');
      sink.held = null;
      expect(await rejectionOf(runs.run([sink.openable()], noMore)))
        .to.have.property('message')
        .that.includes('lost');
      await new SinkStore(database).requestReplay(await runs.standing(), 0);
      await runs.run([sink.openable()], noMore);
      expect(sink.lines.slice(3)).to.deep.equal([insert(1, 1, 1), insert(2, 1, 1), insert(3, 1, 1), insert(4, 2, 1)]);
    });
  });
});

describe('the outbox of a run that is ahead of its sink', () => {
  it('has a commit wait before what the sink needs next is forgotten', async function () {
    this.timeout(30_000);
    const database = await openMigrated(`sqlite:${temporaryFolder()}/outbox.db`);
    const runs = new OutboxRuns(database, 900);
    const sink = new RecordingSink();
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    sink.receives = () => gate;
    let held = 0;
    const clock: Clock = {
      ...runs.clock,
      sleep: (durationMs, signal) => {
        if (durationMs !== 250) return runs.clock.sleep(durationMs, signal);
        held += 1;
        open();
        return new Promise((resolve) => signal?.addEventListener('abort', () => resolve()));
      },
    };
    // Each is more than half of what is remembered.
    const argsJson = JSON.stringify({ value: '1'.repeat(9_000_000) });
    const send: Send = async function* () {
      await Promise.resolve();
      for (let block = 1; block <= 4; block++) {
        yield exampleBatch(block, block, { events: [{ ...exampleEvent(block, 0), argsJson }] });
      }
      open();
    };
    await runs.run([sink.openable()], send, { clock });
    expect(held).to.be.greaterThan(0);
    expect(sink.messages).to.have.length(4);
    await database.close();
  });
});
