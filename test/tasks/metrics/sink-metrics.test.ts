import { expect } from 'chai';
import { Registry } from 'prom-client';
import { SinkMetrics } from '../../../src/tasks/metrics/sink-metrics.js';

const task = { taskId: 123, pipelineId: 45 };

describe('the metrics of sinks', () => {
  let registry: Registry;
  let metrics: SinkMetrics;

  beforeEach(() => {
    registry = new Registry();
    metrics = new SinkMetrics(registry);
  });

  async function linesOf(name: string): Promise<readonly string[]> {
    const text = await registry.getSingleMetricAsString(name);
    return text.split('\n').filter((line) => line.startsWith(name));
  }

  it('count messages by what became of them, and tries that are made again', async () => {
    metrics.observe({ kind: 'sink_sent', ...task, sink: 'hook', result: 'delivered', messages: 5 });
    metrics.observe({ kind: 'sink_sent', ...task, sink: 'hook', result: 'delivered', messages: 2 });
    metrics.observe({ kind: 'sink_sent', ...task, sink: 'hook', result: 'dead_letter', messages: 1 });
    metrics.observe({ kind: 'sink_failed', ...task, sink: 'hook' });
    expect(await linesOf('chainparse_sink_messages_total')).to.deep.equal([
      'chainparse_sink_messages_total{pipeline="45",sink="hook",result="delivered"} 7',
      'chainparse_sink_messages_total{pipeline="45",sink="hook",result="dead_letter"} 1',
      'chainparse_sink_messages_total{pipeline="45",sink="hook",result="failed"} 1',
    ]);
  });

  it('begin at 0, so that the first message counts as one more', async () => {
    metrics.observe({ kind: 'sinks_seen', ...task, sinks: [{ name: 'hook', behind: 3, deadLetters: 0 }] });
    const zero = (result: string) => `chainparse_sink_messages_total{pipeline="45",sink="hook",result="${result}"} 0`;
    const lines = await linesOf('chainparse_sink_messages_total');
    expect(lines).to.deep.equal(['delivered', 'dead_letter', 'failed'].map(zero));
  });

  it('tell how far behind each is, as long as its task runs', async () => {
    metrics.observe({ kind: 'sinks_seen', ...task, sinks: [{ name: 'hook', behind: 3, deadLetters: 2 }] });
    expect(await linesOf('chainparse_sink_lag_blocks')).to.deep.equal([
      'chainparse_sink_lag_blocks{pipeline="45",sink="hook"} 3',
    ]);
    expect(await linesOf('chainparse_sink_dead_letters')).to.deep.equal([
      'chainparse_sink_dead_letters{pipeline="45",sink="hook"} 2',
    ]);
    metrics.observe({ kind: 'ended', ...task });
    expect(await linesOf('chainparse_sink_lag_blocks')).to.deep.equal([]);
  });

  it('tell 200 sinks apart; the others share a label, and the worst of them is shown', async () => {
    const sinks = Array.from({ length: 205 }, (_, i) => ({ name: `s${i}`, behind: i === 202 ? 9 : 1, deadLetters: 0 }));
    metrics.observe({ kind: 'sinks_seen', ...task, sinks });
    const lines = await linesOf('chainparse_sink_lag_blocks');
    expect(lines).to.have.length(201);
    expect(lines.at(-1)).to.equal('chainparse_sink_lag_blocks{pipeline="other",sink="other"} 9');
  });
});
