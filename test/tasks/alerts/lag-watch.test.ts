import { expect } from 'chai';
import type { Progress } from '../../../src/model/task.js';
import { LagWatch, type Lag } from '../../../src/tasks/alerts/lag-watch.js';

const minute = 60_000;

describe('the watch of lag', () => {
  let watch: LagWatch;
  let at: number;
  beforeEach(() => {
    watch = new LagWatch(5 * minute);
    at = 0;
  });

  /** Looks once a minute at a run that stands there. */
  function look(nextBlock: number | null, headBlock: number | null, more: Partial<Progress> = {}): Lag['kind'] {
    const progress = { mode: 'realtime', nextBlock, targetBlock: null, headBlock, events: 0, ...more } as const;
    const lag = watch.note({ id: 1, progress }, at);
    at += minute;
    return lag.kind;
  }

  it('is near where it waits for the next block', () => {
    for (let head = 100; head < 120; head++) expect(look(head + 1, head)).to.equal('near');
  });

  it('says that one is behind which has not come to the head of five minutes ago, and does not gain', () => {
    expect(look(50, 100)).to.equal('unsure');
    for (let i = 1; i < 5; i++) expect(look(50, 100 + i)).to.equal('unsure');
    expect(look(50, 105)).to.equal('behind');
    expect(look(56, 106)).to.equal('unsure');
    expect(look(105, 107)).to.equal('near');
  });

  it('lets one catch up in peace, however far it has to go', () => {
    for (let i = 0; i < 20; i++) expect(look(i * 1_000, 1_000_000 + i)).to.equal('unsure');
  });

  it('knows one that goes as slowly as its chain', () => {
    const kinds = Array.from({ length: 7 }, (_, i) => look(50 + i, 100 + i));
    expect(kinds).to.deep.equal(['unsure', 'unsure', 'unsure', 'unsure', 'unsure', 'behind', 'behind']);
  });

  it('goes by the newest block that may be read, where that is not the head', () => {
    for (let i = 0; i < 20; i++) expect(look(101 + i, 164 + i, { readableBlock: 100 + i })).to.equal('near');
  });

  it('says nothing of a run whose node is well below what it has read', () => {
    for (let i = 0; i < 5; i++) expect(look(101, 40 + i)).to.equal('unsure');
    expect(look(101, 100)).to.equal('near');
  });

  it('says nothing of a run that has not begun to read', () => {
    expect(look(null, 100)).to.equal('unsure');
    expect(look(100, null)).to.equal('unsure');
  });
});
