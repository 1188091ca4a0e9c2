import { expect } from 'chai';
import { taskStatus } from '../../../src/model/task.js';
import { restartWaitSeconds, type EndedTask, type UnjudgedEnd } from '../../../src/model/wanted.js';
import { countSameEnds, judgeEnd, type JudgeFacts } from '../../../src/tasks/fleet/judge-end.js';

describe('judging the end of a task', () => {
  const failed = (endReason: string, error = 'oh'): EndedTask => ({
    ...{
      id: 7,
      status: taskStatus.failed,
      endReason,
      error,
      overForSeconds: 0,
      nextBlock: 100,
      heartbeatInterval: null,
    },
  });
  const ended = (endReason: string): EndedTask => ({
    ...{
      id: 7,
      status: taskStatus.succeeded,
      endReason,
      error: null,
      overForSeconds: 0,
      nextBlock: 100,
      heartbeatInterval: null,
    },
  });
  const end = (task: EndedTask | null, changes: Partial<UnjudgedEnd> = {}): UnjudgedEnd => ({
    ...{ pipelineId: 45, failures: 0, judgedTaskId: null, version: 5, judgedVersion: 5, task },
    ...changes,
  });
  const facts: JudgeFacts = { restart: 'on-failure', slot: null, isDone: false, sameEnds: 0 };
  const slot = { at: '2026-01-02T00:00:00', of: '0 0 * * * UTC', skipped: null };

  it('starts at once what has no task yet, and what was handed back by a process that ended', () => {
    const atOnce = { kind: 'again', inSeconds: 0, failures: 2 };
    for (const task of [null, ended('handed_over'), ended('stopped')]) {
      expect(judgeEnd(end(task, { failures: 2 }), facts)).to.deep.equal(atOnce);
      expect(judgeEnd(end(task, { failures: 2 }), { ...facts, restart: 'never' })).to.deep.equal(atOnce);
      const moved = end(task, { failures: 2, version: 6 });
      expect(judgeEnd(moved, facts), 'blocks were committed').to.deep.equal({ ...atOnce, failures: 0 });
    }
  });

  it('starts at once, or at the time of its schedule, what was started beside a task that only delivered', () => {
    const delivered = end({ ...ended('completed'), request: { deliverOnly: true } });
    for (const restart of ['on-failure', 'never', 'always'] as const) {
      const verdict = judgeEnd(delivered, { ...facts, restart });
      expect(verdict).to.deep.equal({ kind: 'again', inSeconds: 0, failures: 0 });
      expect(judgeEnd(delivered, { ...facts, restart, slot })).to.deep.equal({ kind: 'scheduled', slot });
    }
  });

  it('runs a scheduled one at its time, though a person had a part of it read before', () => {
    const part = end({ ...ended('completed'), request: { toBlock: 100 } });
    expect(judgeEnd(part, { ...facts, slot })).to.deep.equal({ kind: 'scheduled', slot });
  });

  it('waits 5 s after a failure, twice as long after each that follows, and never longer than 15 min', () => {
    const waits = [1, 2, 3, 7, 8, 9, 1_000].map(restartWaitSeconds);
    expect(waits).to.deep.equal([5, 10, 20, 320, 640, 900, 900]);
    expect(judgeEnd(end(failed('timeout'), { failures: 2 }), facts)).to.deep.equal({
      ...{ kind: 'again', inSeconds: 20, failures: 3 },
    });
  });

  it('counts the wait from the end, however late it is judged', () => {
    const late = (overForSeconds: number) =>
      judgeEnd(end({ ...failed('error'), overForSeconds }, { failures: 1 }), facts);
    expect([0, 4, 10, 3_600].map(late)).to.deep.equal(
      [10, 6, 0, 0].map((inSeconds) => ({ kind: 'again', inSeconds, failures: 2 })),
    );
  });

  it('waits 5 s again once blocks were committed', () => {
    const verdict = judgeEnd(end(failed('error'), { failures: 8, version: 6 }), facts);
    expect(verdict).to.deep.equal({ kind: 'again', inSeconds: 5, failures: 1 });
  });

  it('follows a task that has fallen silent as one that failed', () => {
    const silent = { ...failed('x'), status: taskStatus.running, endReason: null, error: null };
    expect(judgeEnd(end(silent), facts)).to.deep.equal({ kind: 'again', inSeconds: 5, failures: 1 });
  });

  it('has a person mend what needs a rewind, the wrong chain and a refused definition', () => {
    for (const reason of ['needs_rewind', 'chain_mismatch', 'usage', 'refused']) {
      expect(judgeEnd(end(failed(reason, 'why')), facts)).to.deep.equal({ kind: 'held', reason: 'why', failures: 1 });
    }
  });

  it('has a person mend a fault that came five times in a row at one block, and no other', () => {
    const fifth = end(failed('error'), { failures: 4 });
    const held = { kind: 'held', reason: '5 times the same fault at block 100: oh', failures: 5 };
    expect(judgeEnd(fifth, { ...facts, sameEnds: 5 })).to.deep.equal(held);
    expect(judgeEnd(fifth, { ...facts, sameEnds: 4 }).kind).to.equal('again');
    expect(judgeEnd({ ...fifth, failures: 3 }, { ...facts, sameEnds: 5 }).kind, 'fewer ends').to.equal('again');
    expect(judgeEnd({ ...fifth, version: 9 }, { ...facts, sameEnds: 5 }).kind, 'it moved').to.equal('again');
  });

  it('holds nothing by the end of a task whose definition was changed since: it starts at once, as what was held would', () => {
    const changed = { judgedTaskId: 7 };
    for (const reason of ['needs_rewind', 'chain_mismatch', 'usage', 'refused']) {
      const verdict = judgeEnd(end(failed(reason), { ...changed, failures: 2 }), facts);
      expect(verdict).to.deep.equal({ kind: 'again', inSeconds: 0, failures: 0 });
      expect(judgeEnd(end(failed(reason), { judgedTaskId: 6 }), facts).kind, 'another task').to.equal('held');
    }
    const fifth = end(failed('error'), { ...changed, failures: 4 });
    expect(judgeEnd(fifth, { ...facts, sameEnds: 5 })).to.deep.equal({ kind: 'again', inSeconds: 0, failures: 0 });
  });

  it('judges any other end as ever where the definition was changed since', () => {
    const changed = { judgedTaskId: 7, failures: 1 };
    const done = end(ended('completed'), changed);
    expect(judgeEnd(end(failed('error'), changed), facts)).to.deep.equal({ kind: 'again', inSeconds: 10, failures: 2 });
    expect(judgeEnd(done, { ...facts, isDone: true })).to.deep.equal({ kind: 'done' });
    for (const task of [failed('needs_rewind'), ended('completed')])
      expect(judgeEnd(end(task, changed), { ...facts, restart: 'never' })).to.deep.equal({ kind: 'done' });
  });

  it('tries for ever what can not be reached', () => {
    const reasons = [
      'timeout',
      'taken_over',
      'lease_lost',
      'chain_unreachable',
      'portal_unreachable',
      'database_unreachable',
    ];
    for (const reason of reasons) {
      const verdict = judgeEnd(end(failed(reason), { failures: 500 }), { ...facts, sameEnds: 5 });
      expect(verdict, reason).to.deep.equal({ kind: 'again', inSeconds: 900, failures: 501 });
    }
  });

  it('is done with what has read all, unless it is to run always', () => {
    const done = end(ended('completed'));
    expect(judgeEnd(done, { ...facts, isDone: true })).to.deep.equal({ kind: 'done' });
    expect(judgeEnd(done, facts)).to.deep.equal({ kind: 'again', inSeconds: 5, failures: 0 });
    const always = judgeEnd(done, { ...facts, isDone: true, restart: 'always' });
    expect(always).to.deep.equal({ kind: 'again', inSeconds: 5, failures: 0 });
  });

  it('counts no success as a failure, and waits longer the more often nothing new was found', () => {
    const always = (sameEnds: number, changes: Partial<UnjudgedEnd> = {}) =>
      judgeEnd(end(ended('completed'), changes), { ...facts, isDone: true, restart: 'always', sameEnds });
    expect([1, 2, 9].map((sameEnds) => always(sameEnds))).to.deep.equal(
      [5, 10, 900].map((inSeconds) => ({ kind: 'again', inSeconds, failures: 0 })),
    );
    expect(always(9, { version: 6 }), 'something new').to.deep.equal({ kind: 'again', inSeconds: 5, failures: 0 });
    expect(always(1, { failures: 3 }), 'after failures').to.deep.equal({ kind: 'again', inSeconds: 5, failures: 0 });
  });

  it('follows no end where it is never to be started again', () => {
    for (const task of [failed('error'), ended('completed')]) {
      expect(judgeEnd(end(task), { ...facts, restart: 'never' })).to.deep.equal({ kind: 'done' });
    }
  });

  it('counts the ends in a row that were the same, at the same block', () => {
    const at = (nextBlock: number, error = 'oh') => ({
      endReason: 'error',
      error,
      progress: { mode: 'realtime' as const, nextBlock, targetBlock: null, headBlock: null, events: 0 },
    });
    expect(countSameEnds([])).to.equal(0);
    expect(countSameEnds([at(1), at(1), at(1)])).to.equal(3);
    expect(countSameEnds([at(1), at(1), at(2), at(1)])).to.equal(2);
    expect(countSameEnds([at(1), at(1, 'ah')])).to.equal(1);
  });
});
