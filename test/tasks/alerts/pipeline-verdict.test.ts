import { expect } from 'chai';
import type { Task } from '../../../src/model/task.js';
import type { Wanted } from '../../../src/model/wanted.js';
import { judgePipeline, type PipelineFacts, type PipelineVerdict } from '../../../src/tasks/alerts/pipeline-verdict.js';
import { silentTask } from '../monitor/monitor-fixture.js';
import { startedPipeline } from './started-pipeline.js';

const now = '2024-01-15T10:10:00';
const progress = { mode: 'realtime', nextBlock: 7, targetBlock: null, headBlock: 9, events: 1 } as const;
const running: Task = { ...silentTask, progress, lastHeartbeat: '2024-01-15T10:09:50', silentSeconds: 10 };
const failed: Task = { ...running, status: 2, endTime: '2024-01-15T10:06:00', endReason: 'error', error: 'it broke' };
const queued: Task = { ...silentTask, status: 3, createTime: '2024-01-15T10:07:00', waiting: { kind: 'no_worker' } };
const ended = (endReason: string): Task => ({ ...failed, status: 1, endReason, error: null });
const stopped: Wanted = { ...startedPipeline, state: 'stopped', since: '2024-01-15T10:08:00' };

function judge(facts: Partial<PipelineFacts>): PipelineVerdict {
  const pipeline = { id: 45, name: 'transfers', disabled: false, task: null, wanted: null, ...facts };
  return judgePipeline(pipeline, { now, defaultIntervalSeconds: 30 });
}

describe('the judgement of a pipeline', () => {
  it('calls it down where its newest task failed, and says why and since when', () => {
    const verdict = judge({ task: failed });
    expect(verdict).to.deep.include({ kind: 'down' });
    expect(verdict.kind === 'down' ? verdict.down : null).to.deep.equal({
      ...{ taskId: 123, cause: 'failed', error: 'it broke', failures: 0, held: null, waitsFor: null },
      sinceSeconds: 240,
    });
    const late = judge({ task: { ...failed, endReason: 'timeout' } });
    expect(late.kind === 'down' ? late.down.cause : null).to.equal('timeout');
  });

  it('takes a run that has asked its chain and beats as one that works, and nobody else', () => {
    expect(judge({ task: running })).to.deep.equal({
      ...{ kind: 'over', how: 'works again: task 123 runs', beatAt: '2024-01-15T10:09:50' },
    });
    expect(judge({ task: { ...running, progress: { ...progress, headBlock: null } } }).kind).to.equal('unsure');
    expect(judge({ task: { ...running, lastHeartbeat: null } }).kind).to.equal('unsure');
    expect(judge({ task: { ...running, silentSeconds: 95 } }).kind).to.equal('unsure');
    expect(judge({ task: { ...running, silentSeconds: -3_540 } }).kind, 'of the future').to.equal('unsure');
    expect(judge({ task: queued }).kind).to.equal('unsure');
  });

  it('does not take another try for one that works before it has committed something, or lived for a minute', () => {
    const again = { ...running, createTime: '2024-01-15T10:09:30' };
    const failing = { ...startedPipeline, failures: 2 };
    expect(judge({ task: again, wanted: failing }).kind).to.equal('unsure');
    expect(judge({ task: again, wanted: { ...failing, hasCommitted: true } }).kind).to.equal('over');
    expect(judge({ task: { ...again, createTime: '2024-01-15T10:09:00' }, wanted: failing }).kind).to.equal('over');
    expect(judge({ task: again, wanted: startedPipeline }).kind).to.equal('over');
  });

  it('calls a started one down that nobody runs for longer than three beats', () => {
    for (const task of [null, ended('handed_over'), ended('stopped')]) {
      const verdict = judge({ task, wanted: startedPipeline });
      expect(verdict.kind === 'down' ? verdict.down.cause : verdict.kind).to.equal('not_running');
    }
    const waiting = judge({ task: queued, wanted: startedPipeline });
    expect(waiting.kind === 'down' ? [waiting.down.sinceSeconds, waiting.down.waitsFor] : null).to.deep.equal([
      180,
      'a worker: none is alive; start one with chainparse worker',
    ]);
    const late = '2024-01-15T10:09:00';
    expect(judge({ task: { ...ended('handed_over'), endTime: late }, wanted: startedPipeline }).kind).to.equal(
      'unsure',
    );
    expect(judge({ wanted: { ...startedPipeline, since: late } }).kind).to.equal('unsure');
  });

  it('shows one that failed as failing until another run begins, and lets three beats pass before it is told', () => {
    const kindOf = (task: Task, wanted: Partial<Wanted> = {}): string =>
      judge({ task, wanted: { ...startedPipeline, ...wanted } }).kind;
    const late = { ...failed, endTime: '2024-01-15T10:09:00' };
    expect(kindOf(late)).to.equal('failing');
    expect(kindOf(late, { failures: 1, nextStart: '2024-01-15T10:10:05' })).to.equal('failing');
    expect(kindOf({ ...late, endTime: '2024-01-15T10:08:29' })).to.equal('down');
    const another = { ...queued, createTime: late.endTime };
    expect(kindOf(another, { failures: 1 })).to.equal('failing');
    expect(kindOf(another), 'nothing was wrong').to.equal('unsure');
    expect(kindOf(another, { failures: 1, hasCommitted: true }), 'handed over by a run that worked').to.equal('unsure');
    expect(kindOf(late, { failures: 1, hasCommitted: true }), 'that run failed').to.equal('failing');
    expect(kindOf({ ...ended('handed_over'), endTime: late.endTime }, { failures: 1 })).to.equal('unsure');
  });

  it('calls a started one down at once whose run fell silent until it timed out', () => {
    const task: Task = { ...failed, endTime: now, endReason: 'timeout', error: null };
    const verdict = judge({ task, wanted: startedPipeline });
    expect(verdict.kind === 'down' ? verdict.down.cause : verdict.kind).to.equal('timeout');
  });

  it('counts beats as the run sent them, not as the process that judges does', () => {
    const of = (heartbeatInterval: number | null, endReason: string): Task => ({
      ...{ ...failed, endTime: '2024-01-15T10:09:50', heartbeatInterval },
      ...{ endReason, status: endReason === 'error' ? 2 : 1 },
    });
    for (const reason of ['error', 'handed_over'])
      expect(judge({ task: of(3, reason), wanted: startedPipeline }).kind).to.equal('down');
    expect(judge({ task: of(null, 'handed_over'), wanted: startedPipeline }).kind).to.equal('unsure');
  });

  it('lets one be that waits for the time of its schedule, unless its latest run failed', () => {
    const wanted = { ...startedPipeline, isScheduled: true, nextStart: '2024-01-16T03:00:00' };
    for (const task of [null, ended('completed')]) expect(judge({ task, wanted }).kind).to.equal('over');
    expect(judge({ task: failed, wanted }).kind).to.equal('down');
  });

  it('lets one be that succeeded and is begun again after a while, until three beats after that', () => {
    const judgeAt = (nextStart: string, task = ended('completed')): string =>
      judge({ task: { ...task, endTime: '2024-01-15T10:00:00' }, wanted: { ...startedPipeline, nextStart } }).kind;
    expect(judgeAt('2024-01-15T10:15:00')).to.equal('over');
    expect(judgeAt('2024-01-15T10:15:00', failed)).to.equal('down');
    expect(judgeAt('2024-01-15T10:08:30')).to.equal('unsure');
    expect(judgeAt('2024-01-15T10:08:29')).to.equal('down');
  });

  it('counts from the time of its schedule for how long nobody has run it, not from the end of the run before', () => {
    const missedAt = (nextStart: string): PipelineVerdict =>
      judge({
        task: { ...ended('completed'), endTime: '2024-01-14T03:00:00' },
        wanted: { ...startedPipeline, isScheduled: true, nextStart },
      });
    for (const nextStart of [now, '2024-01-15T10:08:30']) expect(missedAt(nextStart).kind).to.equal('unsure');
    const missed = missedAt('2024-01-15T10:01:00');
    expect(missed.kind === 'down' ? [missed.down.cause, missed.down.sinceSeconds] : missed.kind).to.deep.equal([
      'not_running',
      540,
    ]);
  });

  it('calls one down at once that waits for a person', () => {
    const task = { ...failed, endTime: '2024-01-15T10:09:59' };
    const verdict = judge({ task, wanted: { ...startedPipeline, heldReason: 'the wrong chain', failures: 2 } });
    expect(verdict.kind === 'down' ? [verdict.down.held, verdict.down.failures] : null).to.deep.equal([
      'the wrong chain',
      2,
    ]);
  });

  it('says that it is over where it was stopped after its failure, is disabled, or has done its work', () => {
    expect(judge({ task: failed, wanted: stopped })).to.deep.include({ kind: 'over', how: 'is stopped' });
    const older = { ...failed, endTime: null };
    expect(judge({ task: older, wanted: stopped })).to.deep.include({ kind: 'over', how: 'is stopped' });
    expect(judge({ task: failed, disabled: true })).to.deep.include({ kind: 'over', how: 'is disabled' });
    expect(judge({ task: ended('completed') })).to.deep.include({ kind: 'over', beatAt: null });
    expect(judge({ task: ended('stopped') })).to.deep.include({ how: 'is stopped: task 123' });
    expect(judge({}).kind).to.equal('over');
  });

  it('learns nothing of a pipeline from a task that only delivered', () => {
    expect(judge({ task: { ...ended('completed'), deliversOnly: true } }).kind).to.equal('unsure');
    const waiting = { ...startedPipeline, nextStart: '2024-01-16T10:00:00', isScheduled: true };
    expect(judge({ task: ended('completed'), wanted: waiting }).kind).to.equal('over');
    expect(judge({ task: { ...ended('completed'), deliversOnly: true }, wanted: waiting }).kind).to.equal('unsure');
    expect(judge({ task: { ...failed, endReason: 'timeout', deliversOnly: true }, wanted: waiting }).kind).to.equal(
      'unsure',
    );
  });

  it('does not take for stopped what was stopped before it failed, or what workers gave up', () => {
    expect(judge({ task: failed, wanted: { ...stopped, since: '2024-01-15T10:05:59' } }).kind).to.equal('down');
    expect(judge({ task: failed, wanted: { ...stopped, judgedTaskId: 123 } }).kind).to.equal('down');
  });
});
