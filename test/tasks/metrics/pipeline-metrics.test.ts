import { expect } from 'chai';
import { Registry } from 'prom-client';
import type { Progress } from '../../../src/model/task.js';
import { BoundedLabel } from '../../../src/tasks/metrics/bounded-label.js';
import { FakeClock } from '../../support/fake-clock.js';
import { PipelineMetrics } from '../../../src/tasks/metrics/pipeline-metrics.js';

const task = { taskId: 123, pipelineId: 45 };
const progress: Progress = { mode: 'realtime', nextBlock: 90, targetBlock: null, headBlock: 100, events: 7 };

describe('the metrics of pipelines', () => {
  let registry: Registry;
  let metrics: PipelineMetrics;
  let clock: FakeClock;

  beforeEach(() => {
    registry = new Registry();
    clock = new FakeClock();
    metrics = new PipelineMetrics(registry, clock);
  });

  async function linesOf(name: string): Promise<readonly string[]> {
    const text = await registry.getSingleMetricAsString(name);
    return text.split('\n').filter((line) => line.startsWith(name));
  }

  it('count committed events, reorganisations and the time of commits', async () => {
    metrics.observe({ kind: 'committed', ...task, events: 5, durationMs: 20 });
    metrics.observe({ kind: 'committed', ...task, events: 2, durationMs: 30 });
    metrics.observe({ kind: 'taken_back', ...task, durationMs: 4 });
    expect(await linesOf('chainparse_events_total')).to.deep.equal(['chainparse_events_total{pipeline="45"} 7']);
    expect(await linesOf('chainparse_reorgs_total')).to.deep.equal(['chainparse_reorgs_total{pipeline="45"} 1']);
    const commits = await linesOf('chainparse_commit_duration_seconds');
    expect(commits).to.include('chainparse_commit_duration_seconds_count 2');
  });

  it('count from 0 once a pipeline begins, and go on where it begins again', async () => {
    metrics.observe({ kind: 'began', ...task });
    expect(await linesOf('chainparse_events_total')).to.deep.equal(['chainparse_events_total{pipeline="45"} 0']);
    expect(await linesOf('chainparse_reorgs_total')).to.deep.equal(['chainparse_reorgs_total{pipeline="45"} 0']);
    metrics.observe({ kind: 'committed', ...task, events: 5, durationMs: 20 });
    metrics.observe({ kind: 'began', ...task, taskId: 124 });
    expect(await linesOf('chainparse_events_total')).to.deep.equal(['chainparse_events_total{pipeline="45"} 5']);
  });

  it('tell how far behind a live pipeline is, as long as it runs', async () => {
    metrics.observe({ kind: 'progressed', ...task, progress });
    expect(await linesOf('chainparse_lag_blocks')).to.deep.equal(['chainparse_lag_blocks{pipeline="45"} 10']);
    expect(await linesOf('chainparse_next_block')).to.deep.equal(['chainparse_next_block{pipeline="45"} 90']);
    metrics.observe({ kind: 'ended', ...task });
    expect(await linesOf('chainparse_lag_blocks')).to.deep.equal([]);
    expect(await linesOf('chainparse_next_block')).to.deep.equal([]);
  });

  it('tell no lag of a run whose commits do not land', async () => {
    metrics.observe({ kind: 'progressed', ...task, progress: { ...progress, lagUnknownSeconds: 17 } });
    expect(await linesOf('chainparse_lag_blocks')).to.deep.equal([]);
    metrics.observe({ kind: 'progressed', ...task, progress });
    expect(await linesOf('chainparse_lag_blocks')).to.have.length(1);
  });

  it('tell no lag of a run that has had no word of its chain for a minute', async () => {
    metrics.observe({ kind: 'progressed', ...task, progress });
    await clock.advance(59_000);
    expect(await linesOf('chainparse_lag_blocks')).to.have.length(1);
    await clock.advance(1_000);
    expect(await linesOf('chainparse_lag_blocks')).to.deep.equal([]);
    expect(await linesOf('chainparse_next_block')).to.have.length(1);
  });

  it('do not let an old task that ends late hide the one that follows it', async () => {
    metrics.observe({ kind: 'progressed', ...task, progress });
    metrics.observe({ kind: 'progressed', ...task, taskId: 124, progress: { ...progress, nextBlock: 99 } });
    metrics.observe({ kind: 'ended', ...task });
    expect(await linesOf('chainparse_lag_blocks')).to.deep.equal(['chainparse_lag_blocks{pipeline="45"} 1']);
  });

  it('call no pipeline late that reads history', async () => {
    metrics.observe({ kind: 'progressed', ...task, progress: { ...progress, mode: 'historical' } });
    expect(await linesOf('chainparse_lag_blocks')).to.deep.equal([]);
  });

  it('tell 200 pipelines apart; the others share a label, and the worst of them is shown', async () => {
    for (let id = 1; id <= 203; id++) {
      const next = { ...progress, nextBlock: 100 - (id % 90) };
      metrics.observe({ kind: 'progressed', taskId: id, pipelineId: id, progress: next });
      metrics.observe({ kind: 'committed', taskId: id, pipelineId: id, events: 1, durationMs: 1 });
    }
    await linesOf('chainparse_lag_blocks');
    expect(await linesOf('chainparse_events_total')).to.have.length(201);
    expect(await linesOf('chainparse_events_total')).to.include('chainparse_events_total{pipeline="other"} 3');
    expect(await linesOf('chainparse_lag_blocks')).to.include('chainparse_lag_blocks{pipeline="other"} 23');
  });
});

describe('a bounded label', () => {
  it('keeps the first values, and calls the rest other', () => {
    const label = new BoundedLabel(2);
    expect(['a', 'b', 'c', 'a', 'd'].map((value) => label.of(value))).to.deep.equal(['a', 'b', 'other', 'a', 'other']);
  });
});
