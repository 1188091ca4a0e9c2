import { expect } from 'chai';
import { blocksBehind, isOwed } from '../../../src/tasks/outbox/blocks-behind.js';
import type { SinkStanding } from '../../../src/model/sink.js';
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

describe('whether a sink has something to come', () => {
  const head = { version: 7, blocks: { from: 1, to: 400 } };
  const level = {
    ...{ cursorBlock: 400, place: firstText(7, null, 400), base: { version: 0, block: -1 } },
    ...{ paused: false, dueLetters: 0, replay: 0 },
  } as SinkStanding;

  it('is so where blocks, a replay or dead letters are due, and not where it is paused', () => {
    expect(isOwed(head, level)).to.equal(false);
    for (const due of [{ cursorBlock: 390 }, { replay: 1 }, { dueLetters: 1 }]) {
      expect(isOwed(head, { ...level, ...due }), JSON.stringify(due)).to.equal(true);
      expect(isOwed(head, { ...level, ...due, paused: true })).to.equal(false);
    }
  });
});
