import { expect } from 'chai';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { SimJournal } from './sim-journal.js';
import { SimWorld, inFolder } from './sim-world.js';

describe('a file sink', () => {
  it('names files by their blocks, aligned, and says what is complete', async () => {
    const journal = new SimJournal(150);
    const world = new SimWorld({ place: inFolder(temporaryFolder()), journal, blocks: 100 });
    journal.read(430, (block) => (block % 10 === 0 && (block < 200 || block >= 300) ? 2 : 0));
    journal.finalized = 420;
    const outbox = world.start();
    while (await outbox.step(4));
    expect(world.shown).to.deep.equal(['150-199.jsonl', '300-399.jsonl', '_chainparse.json']);
    expect(world.manifest?.complete).to.deep.equal({ from_block: 150, to_block: 399 });
    world.judge();
    journal.finalized = 430;
    while (await outbox.step(4));
    await outbox.settle(true);
    expect(world.names).to.deep.equal(['150-199.jsonl', '300-399.jsonl', '400-430.jsonl', '_chainparse.json']);
    world.judgeEnd();
  });
});
