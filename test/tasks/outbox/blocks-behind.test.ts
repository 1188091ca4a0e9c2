import { expect } from 'chai';
import { blocksBehind } from '../../../src/tasks/outbox/blocks-behind.js';
import { firstText } from '../../../src/tasks/outbox/resume.js';

describe('how many blocks a sink is behind', () => {
  const head = { version: 7, blocks: { from: 1, to: 400 } };

  it('is all that is there before its first run, and none where nothing was read', () => {
    expect(blocksBehind(head, null)).to.equal(400);
    expect(blocksBehind({ version: 0, blocks: null }, null)).to.equal(0);
  });

  it('leaves out what was there before a sink that begins from now on, and keeps no block yet', () => {
    const sink = { cursorBlock: null, place: firstText(7, 390), base: { version: 7, block: 390 } };
    expect(blocksBehind(head, sink)).to.equal(10);
    expect(blocksBehind(head, { ...sink, base: { version: 0, block: -1 } })).to.equal(400);
  });
});
