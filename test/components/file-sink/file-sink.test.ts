import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ReceiverAwayError } from '../../../src/components/seam/delivery-errors.js';
import type { Database } from '../../../src/database/database.js';
import type { EventMessage } from '../../../src/model/event-message.js';
import { ClaimedLaterError, LeaseLostError, RuntimeFailure } from '../../../src/runtime/errors.js';
import { openMigrated } from '../../support/migrated-database.js';
import { rejectionOf } from '../../support/rejection.js';
import { SmallDisk } from '../../support/small-disk.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { FakeS3 } from './fake-s3.js';
import { batchOf, claim, contextOf, holdPipeline, openSink } from './opened-sink.js';
import { SimJournal, messageOf } from './sim-journal.js';
import type { SimOutbox } from './sim-outbox.js';
import { SimWorld, inFolder } from './sim-world.js';
import type { WorldOptions } from './sim-world.js';

/** What has files open: a process that ends closes them, and in a test none does. */
const holders: { close(): Promise<void> }[] = [];

async function closeAll(): Promise<void> {
  for (const holder of holders.splice(0)) await holder.close();
}

function worldOf(journal: SimJournal, options: Partial<WorldOptions> = {}): SimWorld {
  const world = new SimWorld({ place: inFolder(temporaryFolder()), journal, blocks: 100, ...options });
  holders.push(world);
  return world;
}

async function deliverAll(outbox: SimOutbox): Promise<void> {
  while (await outbox.step(4));
}

function insert(block: number, added = 1) {
  return messageOf({ block, logIndex: 0, added, removed: Infinity }, 'insert');
}

describe('a file sink', () => {
  afterEach(closeAll);

  it('names files by their blocks, aligned, and says what is complete', async () => {
    const journal = new SimJournal(150);
    const world = worldOf(journal);
    journal.read(430, (block) => (block % 10 === 0 && (block < 200 || block >= 300) ? 2 : 0));
    journal.finalized = 420;
    const outbox = world.start();
    await deliverAll(outbox);
    expect(world.shown).to.deep.equal(['150-199.jsonl', '300-399.jsonl', '_chainparse.json']);
    expect(world.manifest?.complete).to.deep.equal({ from_block: 150, to_block: 399 });
    world.judge();
    journal.finalized = 430;
    await deliverAll(outbox);
    await outbox.settle(true);
    expect(world.names).to.deep.equal(['150-199.jsonl', '300-399.jsonl', '400-430.jsonl', '_chainparse.json']);
    world.judgeEnd();
  });

  it('says that blocks without a row are complete, and makes no file of them', async () => {
    const journal = new SimJournal(0);
    const world = worldOf(journal);
    journal.read(350, () => 0);
    journal.finalized = 350;
    const outbox = world.start();
    await deliverAll(outbox);
    expect(world.manifest?.complete).to.deep.equal({ from_block: 0, to_block: 299 });
    await outbox.settle(true);
    world.judgeEnd();
    expect(world.names).to.deep.equal(['_chainparse.json']);
  });

  it('ends a file that is large at the end of a block', async () => {
    const journal = new SimJournal(0);
    const world = worldOf(journal, { bytes: 300 });
    journal.read(99, () => 3);
    journal.finalized = 99;
    const outbox = world.start();
    await deliverAll(outbox);
    await outbox.settle(true);
    world.judgeEnd();
    const files = world.manifest?.files ?? [];
    expect(files.length).to.be.greaterThan(10);
    for (const { bytes, rows } of files.slice(0, -1)) {
      expect(bytes).to.be.within(300, 900);
      expect(rows % 3).to.equal(0);
    }
  });

  it('ends files that are large where it could not write for a while, too', async () => {
    const journal = new SimJournal(0);
    const folder = temporaryFolder();
    const world = worldOf(journal, { place: inFolder(join(folder, 'lake')), blocks: 1_000, bytes: 300 });
    journal.read(99, () => 3);
    journal.finalized = 99;
    const outbox = world.start();
    await outbox.step(4);
    renameSync(join(folder, 'lake'), join(folder, 'away'));
    await rejectionOf(deliverAll(outbox), ReceiverAwayError);
    renameSync(join(folder, 'away'), join(folder, 'lake'));
    await deliverAll(outbox);
    await outbox.settle(true);
    world.judgeEnd();
    for (const { bytes } of world.manifest?.files ?? []) expect(bytes).to.be.lessThan(900);
  });

  it('ends a file that is old at the newest finalized block', async () => {
    const journal = new SimJournal(0);
    const world = worldOf(journal, { afterMs: 60_000 });
    const outbox = world.start();
    for (const head of [10, 20, 30]) {
      journal.read(head, () => 1);
      journal.finalized = head;
      await deliverAll(outbox);
      await world.clock.advance(25_000);
    }
    expect(world.shown).to.deep.equal(['_chainparse.json']);
    journal.read(33, () => 1);
    journal.finalized = 33;
    await deliverAll(outbox);
    expect(world.shown).to.deep.equal(['0-33.jsonl', '_chainparse.json']);
    journal.read(40, () => 1);
    journal.finalized = 40;
    await deliverAll(outbox);
    await outbox.settle(true);
    expect(world.names).to.deep.equal(['0-33.jsonl', '34-40.jsonl', '_chainparse.json']);
    world.judgeEnd();
  });

  it('writes a file anew where its blocks have changed, and leaves it where they only seem to have', async () => {
    const journal = new SimJournal(0);
    const world = worldOf(journal);
    journal.read(299, () => 1);
    journal.finalized = 299;
    const outbox = world.start();
    await deliverAll(outbox);
    journal.repair(150, () => false, 2);
    await deliverAll(outbox);
    expect(world.names).to.deep.equal(['0-99.jsonl', '100-199.g2.jsonl', '200-299.jsonl', '_chainparse.json']);
    world.judgeEnd();
    journal.repair(20, () => false, 0);
    await deliverAll(outbox);
    expect(world.names).to.include('0-99.g3.jsonl');
    world.judgeEnd();
    const before = world.names;
    while (await outbox.step(40, 1));
    expect(world.names).to.deep.equal(before);
    world.judgeEnd();
  });

  it('drops a file that has no row left, and does not give its name again', async () => {
    const journal = new SimJournal(0);
    const world = worldOf(journal);
    journal.read(299, () => 1);
    journal.finalized = 299;
    const outbox = world.start();
    await deliverAll(outbox);
    journal.rewind(99);
    await deliverAll(outbox);
    await outbox.settle(true);
    expect(world.names).to.deep.equal(['0-99.jsonl', '_chainparse.json']);
    expect(world.manifest?.complete).to.deep.equal({ from_block: 0, to_block: 99 });
    journal.read(299, () => 1);
    await deliverAll(outbox);
    world.judgeEnd();
    expect(world.names).not.to.include('100-199.jsonl');
  });

  it('goes on where a file that counts no more can’t be removed, and removes it with a later file or in the next run', async () => {
    const journal = new SimJournal(0);
    const world = worldOf(journal);
    let isRefused = true;
    const hook = (step: string): Promise<void> =>
      step === 'before remove' && isRefused ? Promise.reject(new Error('access denied')) : Promise.resolve();
    const blocksUpTo = async (head: number, outbox: SimOutbox): Promise<void> => {
      journal.read(head, () => 1);
      journal.finalized = head;
      await deliverAll(outbox);
    };
    const outbox = world.start(hook);
    await blocksUpTo(99, outbox);
    journal.repair(50, () => false, 2);
    await deliverAll(outbox);
    await blocksUpTo(199, outbox);
    const both = ['0-99.g2.jsonl', '0-99.jsonl', '100-199.jsonl', '_chainparse.json'];
    expect(world.names).to.deep.equal(both);
    expect(world.manifest?.state.superseded).to.deep.equal(['0-99.jsonl']);
    expect(world.logger.lines).to.deep.equal([
      "warn: lake: a file that counts no more can't be removed, which is tried again with the next one: 0-99.jsonl: access denied",
    ]);
    const next = world.start(hook);
    await blocksUpTo(299, next);
    expect(world.names).to.include('0-99.jsonl').and.to.include('200-299.jsonl');
    expect(world.logger.lines).to.have.length(2);
    isRefused = false;
    await blocksUpTo(399, next);
    world.judgeEnd();
    isRefused = true;
    journal.repair(50, () => false, 2);
    await deliverAll(next);
    expect(world.names).to.include('0-99.g2.jsonl');
    isRefused = false;
    await deliverAll(world.start(hook));
    world.judgeEnd();
  });

  it('takes its claim before it removes anything, ends at the first file that can’t be removed, and forgets none', async () => {
    const journal = new SimJournal(0);
    const world = worldOf(journal);
    const steps: string[] = [];
    let isRefused = true;
    const hook = (step: string): Promise<void> => {
      if (!step.startsWith('before')) return Promise.resolve();
      steps.push(step);
      return step === 'before remove' && isRefused ? Promise.reject(new Error('no answer')) : Promise.resolve();
    };
    journal.read(299, () => 1);
    journal.finalized = 299;
    const outbox = world.start(hook);
    await deliverAll(outbox);
    for (const block of [50, 150, 250]) {
      journal.repair(block, () => false, 2);
      await deliverAll(outbox);
    }
    const replaced = ['0-99.jsonl', '100-199.jsonl', '200-299.jsonl'];
    expect([...(world.manifest?.state.superseded ?? [])].sort()).to.deep.equal(replaced);
    steps.length = 0;
    const next = world.start(hook);
    await deliverAll(next);
    expect(steps.filter((step) => step === 'before remove')).to.have.length(1);
    expect(steps.indexOf('before remove')).to.be.greaterThan(steps.indexOf('before manifest'));
    expect([...(world.manifest?.state.superseded ?? [])].sort()).to.deep.equal(replaced);
    expect(world.names).to.include.members(replaced);
    isRefused = false;
    await deliverAll(world.start(hook));
    expect(world.names).not.to.include.members(replaced);
    world.judgeEnd();
  });

  it('leaves nothing of what it made where it could not be told whether that is there already, however often it tries', async () => {
    const journal = new SimJournal(0);
    const world = worldOf(journal);
    journal.read(99, () => 1);
    journal.finalized = 99;
    let isAway = false;
    const outbox = world.start((step) =>
      step === 'before holds' && isAway ? Promise.reject(new ReceiverAwayError('no answer')) : Promise.resolve(),
    );
    await deliverAll(outbox);
    isAway = true;
    const deliverAgain = async (): Promise<void> => {
      while (await outbox.step(500, 1));
    };
    for (let tries = 0; tries < 3; tries++) await rejectionOf(deliverAgain(), ReceiverAwayError);
    expect(world.names).to.deep.equal(['0-99.jsonl', '_chainparse.json']);
    isAway = false;
    await deliverAgain();
    world.judgeEnd();
  });

  it('brings a file back that is gone, when its blocks are sent again', async () => {
    const journal = new SimJournal(0);
    const place = inFolder(temporaryFolder());
    const world = worldOf(journal, { place });
    journal.read(199, () => 1);
    journal.finalized = 199;
    const outbox = world.start();
    await deliverAll(outbox);
    place.remove('100-199.jsonl');
    while (await outbox.step(500, 1));
    expect(world.names).to.deep.equal(['0-99.jsonl', '100-199.g2.jsonl', '_chainparse.json']);
    world.judgeEnd();
  });
});

describe('the folder of a file sink', () => {
  afterEach(closeAll);
  let database: Database;
  let dataFolder: string;
  before(async () => {
    database = await openMigrated(`sqlite:${join(temporaryFolder(), 'test.db')}`);
  });
  after(() => database.close());
  beforeEach(async () => {
    dataFolder = temporaryFolder();
    await holdPipeline(database);
  });
  const open = async (path = 'lake') => {
    const sink = await openSink({ path, rotate_blocks: 100 }, { database, dataFolder });
    holders.push(sink);
    return sink;
  };

  it('tells that it moves while it reads anew and while files leave: both may take long', async () => {
    const s3 = await FakeS3.start();
    const { endpoint } = s3.keys;
    const sink = await openSink({ path: 's3://lake', endpoint, rotate_blocks: 100 }, { database, dataFolder });
    let moves = 0;
    const context = { ...contextOf([insert(1)]), moved: () => void (moves += 1) };
    await sink.claim?.(claim, context);
    await sink.deliver(batchOf([insert(1), insert(1), insert(150)], 'p1'), context);
    // A portion of what was read anew, and the bytes of its file.
    expect([moves, s3.names]).to.deep.equal([2, ['0-99.jsonl', '_chainparse.json']]);
    await sink.close();
  });

  it('may hold nothing of anybody else’s', async () => {
    mkdirSync(join(dataFolder, 'lake'));
    writeFileSync(join(dataFolder, 'lake/0-99.parquet'), '');
    const error = await rejectionOf((await open()).claim!(claim, contextOf()), RuntimeFailure);
    expect(error.message).to.equal(`${dataFolder}/lake holds files, and no _chainparse.json that says whose`);
    await (await open('other')).claim?.(claim, contextOf());
    const path = join(dataFolder, 'other/_chainparse.json');
    const text = readFileSync(path, 'utf8');
    for (const [from, to, whose] of [
      ['"sink": "lake"', '"sink": "pond"', "sink 'pond' of pipeline 45"],
      ['"pipeline_id": 45', '"pipeline_id": 46', "sink 'lake' of pipeline 46"],
      ['"installation": "i"', '"installation": "j"', "sink 'lake' of pipeline 45 of another database"],
    ] as const) {
      expect(text).to.contain(from);
      writeFileSync(path, text.replace(from, to));
      const refusal = await rejectionOf((await open('other')).claim!(claim, contextOf()), RuntimeFailure);
      expect(refusal.message).to.equal(`${dataFolder}/other belongs to ${whose}`);
      expect(refusal.hint).to.contain('give another path');
    }
    writeFileSync(path, text.slice(0, 50));
    const damaged = await rejectionOf((await open('other')).claim!(claim, contextOf()), RuntimeFailure);
    expect(damaged.message).to.contain('/_chainparse.json can');
  });

  it('is cleaned of what a killed run has left over, but not of what is another’s', async () => {
    const folder = join(dataFolder, 'lake');
    mkdirSync(folder);
    for (const name of ['.chainparse-1-ab.tmp', '.chainparse-2-ab.tmp', 'notes.txt'])
      writeFileSync(join(folder, name), '');
    await (await open()).claim?.(claim, contextOf());
    expect(readdirSync(folder).sort()).to.deep.equal(['.chainparse-2-ab.tmp', '_chainparse.json', 'notes.txt']);
  });

  it('is not written by who holds the pipeline no more', async () => {
    const sink = await open();
    await sink.claim?.(claim, contextOf());
    await holdPipeline(database, { ...claim, claim: 2 });
    await sink.deliver(batchOf([insert(1)], 'p1'), contextOf());
    await rejectionOf(sink.deliver(batchOf([insert(150)], 'p2'), contextOf([insert(1)])), LeaseLostError);
    expect(readdirSync(join(dataFolder, 'lake'))).to.deep.equal(['_chainparse.json']);
    const later = await open();
    await later.claim?.({ ...claim, claim: 2 }, contextOf());
    await later.deliver(batchOf([insert(1), insert(150)], 'p2'), contextOf());
    const error = await rejectionOf((await open()).claim!(claim, contextOf()), ClaimedLaterError);
    expect(error.claim).to.equal(2);
  });

  it('becomes that of a pipeline which was made anew only where somebody asks for it', async () => {
    const sink = await open();
    await sink.claim?.(claim, contextOf());
    await sink.deliver(batchOf([insert(1), insert(150)], 'p1'), contextOf());
    await sink.settle?.({ block: 199, cursor: { ...claim, place: 'p2' }, ends: true }, contextOf());
    const anew = { epoch: 'b'.repeat(32), claim: 1 };
    await holdPipeline(database, anew);
    const other = await open();
    expect(await other.claim?.(anew, contextOf())).to.include({ epoch: claim.epoch, place: 'p2' });
    expect(readFileSync(join(dataFolder, 'lake/_chainparse.json'), 'utf8')).to.contain(claim.epoch);
    const truth = [insert(1), insert(120, 5)];
    await other.deliver(batchOf(truth, 'q1'), contextOf(truth));
    await other.settle?.({ block: 199, cursor: { ...anew, place: 'q2' }, ends: true }, contextOf(truth));
    expect(readdirSync(join(dataFolder, 'lake')).sort()).to.deep.equal([
      '0-99.jsonl',
      '100-199.g2.jsonl',
      '_chainparse.json',
    ]);
    expect(readFileSync(join(dataFolder, 'lake/100-199.g2.jsonl'), 'utf8')).to.equal(`${truth[1]?.data.text ?? ''}\n`);
    expect(other.keptPlace).to.equal('q2');
    expect(other.keptBlock).to.equal(199);
  });

  it('keeps no block of a file that a rewind outdated until the file is written anew', async () => {
    const sink = await openSink({ path: 'lake', rotate_blocks: 100 }, { database, dataFolder });
    const settle = (block: number, place: string, truth: readonly EventMessage[]): Promise<void> | undefined =>
      sink.settle?.({ block, cursor: { ...claim, place }, ends: false }, contextOf(truth));
    const [kept, gone] = [insert(50), insert(150)];
    await sink.claim?.(claim, contextOf());
    await sink.deliver(batchOf([kept, gone], 'p1'), contextOf());
    await settle(299, 'p2', [kept, gone]);
    expect(sink.keptBlock).to.equal(299);
    await sink.deliver(batchOf([{ ...gone, op: 'remove', rank: gone.rank + 1 }], 'p3'), contextOf());
    await settle(120, 'p4', [kept]);
    expect(sink.keptBlock).to.equal(99);
    await settle(199, 'p5', [kept]);
    expect(sink.keptBlock).to.equal(299);
  });

  it('begins where a sink begins that wants no more than what is new', async () => {
    const sink = await openSink({ path: 'lake', rotate_blocks: 100, start: 'now' }, { database, dataFolder });
    await sink.claim?.(claim, contextOf());
    await sink.settle?.({ block: 130, cursor: { ...claim, place: 'p0' }, ends: false }, contextOf());
    await sink.deliver(batchOf([insert(150)], 'p1'), contextOf());
    await sink.settle?.({ block: 199, cursor: { ...claim, place: 'p2' }, ends: true }, contextOf());
    const manifest = JSON.parse(readFileSync(join(dataFolder, 'lake/_chainparse.json'), 'utf8')) as {
      complete: unknown;
    };
    expect(manifest.complete).to.deep.equal({ from_block: 131, to_block: 199 });
    expect(readdirSync(join(dataFolder, 'lake'))).to.include('131-199.jsonl');
  });

  it('may be none, in one line', async () => {
    writeFileSync(join(dataFolder, 'lake'), '');
    const error = await rejectionOf((await open()).claim!(claim, contextOf()), ReceiverAwayError);
    expect(error.message).to.equal(`${dataFolder}/lake can't be written: file already exists`);
    expect(error.hint).to.equal('something that is no folder is in its way');
    rmSync(join(dataFolder, 'lake'));
    await (await open()).claim?.(claim, contextOf());
  });

  it('says what to do where it is away, where a folder has a file’s name, and where its manifest is damaged', async () => {
    const lake = join(dataFolder, 'lake');
    const manifest = join(lake, '_chainparse.json');
    const sink = await open();
    await sink.claim?.(claim, contextOf());
    renameSync(lake, `${lake}-away`);
    const away = await rejectionOf(sink.deliver(batchOf([insert(1)], 'p1'), contextOf()), ReceiverAwayError);
    expect(away.hint).to.equal('is its volume away? It goes on by itself once the folder is back');
    renameSync(`${lake}-away`, lake);
    rmSync(manifest);
    mkdirSync(manifest);
    const taken = await rejectionOf((await open()).claim!(claim, contextOf()), ReceiverAwayError);
    expect(taken.hint).to.equal('a folder there has the name of one of its files');
    rmSync(manifest, { recursive: true });
    writeFileSync(manifest, '{');
    const damaged = await rejectionOf((await open()).claim!(claim, contextOf()), RuntimeFailure);
    expect(damaged.message).to.contain("_chainparse.json can't be read: it is damaged");
    expect(damaged.hint).to.contain('chainparse sink replay ID SINK --from-block 0');
  });

  it('may be full, and goes on once there is room', async function () {
    const disk = SmallDisk.mount(1);
    if (disk === null) return this.skip(); // only a user who may mount can make one; .ci/run's may
    dataFolder = disk.folder;
    const sink = await open();
    await sink.claim?.(claim, contextOf());
    disk.fill();
    const sent = Array.from({ length: 90 }, (_, block) => insert(block));
    const error = await rejectionOf(sink.deliver(batchOf(sent, 'p1'), contextOf(sent)), ReceiverAwayError);
    expect(error.message).to.equal(`${dataFolder}/lake can't be written: no space left on device`);
    expect(error.hint).to.contain('make room');
    expect(readdirSync(join(dataFolder, 'lake'))).to.deep.equal(['_chainparse.json']);
    disk.makeRoom();
    await sink.deliver(batchOf(sent, 'p1'), contextOf(sent));
    await sink.settle?.({ block: 99, cursor: { ...claim, place: 'p2' }, ends: true }, contextOf(sent));
    const lines = readFileSync(join(dataFolder, 'lake/0-99.jsonl'), 'utf8').trimEnd().split('\n');
    expect(lines).to.deep.equal(sent.map(({ data }) => data.text));
  });
});
