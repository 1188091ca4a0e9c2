import { expect } from 'chai';
import type { EndVerdict, UnjudgedEnd } from '../../../src/model/wanted.js';
import { DatabaseUnreachableError } from '../../../src/runtime/errors.js';
import { KeepRunning } from '../../../src/tasks/fleet/keep-running.js';
import { FakeClock } from '../../support/fake-clock.js';
import { MemoryLogger } from '../../support/memory-logger.js';

describe('keeping pipelines running', () => {
  let clock: FakeClock;
  let logger: MemoryLogger;
  let stopping: AbortController;
  let ends: UnjudgedEnd[];
  let due: number[];
  let judged: number[];
  let queued: number[];
  let looks: number;
  let timings: number;
  let failure: Error | null;
  let poisoned: number | null;
  let verdict: EndVerdict;
  let keep: KeepRunning;
  let running: Promise<void>;

  const endOf = (pipelineId: number): UnjudgedEnd => ({
    ...{ pipelineId, failures: 0, judgedTaskId: null, version: 1, judgedVersion: null },
    task: { id: pipelineId * 10, status: 2, endReason: 'error', error: 'oh', overForSeconds: 0, nextBlock: 1 },
  });

  beforeEach(() => {
    clock = new FakeClock();
    logger = new MemoryLogger();
    stopping = new AbortController();
    timings = 0;
    [ends, due, judged, queued, looks, failure, poisoned] = [[], [], [], [], 0, null, null];
    verdict = { kind: 'again', inSeconds: 5, failures: 1 };
    keep = new KeepRunning({
      store: {
        listUnjudged: (after, limit) => {
          looks += 1;
          const found = ends.filter(({ pipelineId }) => pipelineId > after).slice(0, limit);
          return failure === null ? Promise.resolve(found) : Promise.reject(failure);
        },
        judge: (end) => Promise.resolve(judged.push(end.pipelineId) > 0),
        listDue: () => (failure === null ? Promise.resolve(due) : Promise.reject(failure)),
        queueDue: (id) => Promise.resolve(queued.push(id)),
      },
      judge: ({ pipelineId }) =>
        pipelineId === poisoned ? Promise.reject(new Error('no definition')) : Promise.resolve(verdict),
      keepTimes: () => Promise.resolve(void (timings += 1)),
      ...{ clock, logger, mask: (text: string) => text, stopping: stopping.signal, random: () => 0.5 },
    });
  });
  afterEach(async () => {
    stopping.abort(new Error('over'));
    await running;
  });

  it('judges what has ended, however many, and queues what is due each second', async () => {
    ends = Array.from({ length: 450 }, (_none, i) => endOf(i + 1));
    due = [1, 2, 3];
    running = keep.run();
    await clock.advance(0);
    expect(judged).to.have.length(450);
    expect([...queued].sort()).to.deep.equal([1, 2, 3]);
    await clock.advance(1_000);
    expect(queued).to.have.length(6);
  });

  it('looks for what has ended every five seconds, and at its next look where a task ended here', async () => {
    running = keep.run();
    await clock.advance(0);
    await clock.advance(4_000);
    expect(looks).to.equal(1);
    await clock.advance(1_000);
    expect(looks).to.equal(2);
    keep.poke();
    await clock.advance(1_000);
    expect(looks).to.equal(3);
  });

  it('leaves no pipeline behind because another can not be judged', async () => {
    ends = [endOf(1), endOf(2), endOf(3)];
    poisoned = 2;
    running = keep.run();
    await clock.advance(0);
    expect(judged).to.deep.equal([1, 3]);
    expect(logger.lines.at(-1)).to.equal("warn: pipelines can't be kept running: no definition");
  });

  it('tells what becomes of a pipeline', async () => {
    ends = [endOf(1)];
    running = keep.run();
    await clock.advance(0);
    verdict = { kind: 'held', reason: 'the wrong chain', failures: 1 };
    await clock.advance(5_000);
    verdict = { kind: 'done' };
    await clock.advance(5_000);
    expect(logger.lines).to.deep.equal([
      'warn: pipeline 1 is started again in 5 s',
      'error: pipeline 1 waits for a person: the wrong chain',
      'info: pipeline 1 has ended and is stopped',
    ]);
  });

  it('tells once that the database is away, and once that it is back', async () => {
    failure = new DatabaseUnreachableError('away');
    running = keep.run();
    await clock.advance(0);
    await clock.advance(3_000);
    failure = null;
    await clock.advance(1_000);
    expect(logger.lines).to.deep.equal([
      "warn: pipelines can't be kept running: away",
      'info: pipelines are kept running again',
    ]);
  });
});
