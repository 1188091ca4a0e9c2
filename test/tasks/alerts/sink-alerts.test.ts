import { expect } from 'chai';
import type { Alert } from '../../../src/model/alert.js';
import type { Task } from '../../../src/model/task.js';
import type { Wanted } from '../../../src/model/wanted.js';
import { judgeSinks } from '../../../src/tasks/alerts/sink-alerts.js';
import type { SinkView } from '../../../src/tasks/views/sink-view.js';
import { silentTask } from '../monitor/monitor-fixture.js';
import { startedPipeline } from './started-pipeline.js';
import { AlertFixture } from './alert-fixture.js';
import { defaultRules, noRules } from './alert-rules.js';

const well: SinkView = {
  ...{ pipelineId: 45, name: 'hook', type: 'webhook_sink', state: 'running', cursorBlock: 7, behind: 0 },
  ...{ failingSeconds: null, deadLetters: 0, lastError: null, lastErrorTime: null },
};
const endedTask: Task = { ...silentTask, status: 1, endReason: 'stopped', endTime: '2024-01-15T10:06:00' };
const behind = 'sink_behind:sink hook of pipeline 45';
const letters = 'sink_dead_letters:sink hook of pipeline 45';

describe('the alert rules of sinks', () => {
  let fixture: AlertFixture;
  let wanted: Wanted | null;
  beforeEach(() => {
    fixture = new AlertFixture();
    wanted = null;
  });

  async function judge(
    sink: SinkView | null,
    open: readonly string[] = [],
    rules = defaultRules,
  ): Promise<readonly string[]> {
    const alerts = open.map((key) => {
      const [rule, subject] = key.split(':');
      return { rule, subject } as Alert;
    });
    const store = { list: () => Promise.resolve({ alerts, total: alerts.length }) };
    const pipeline = { id: 45, name: 'transfers', disabled: false, task: endedTask, wanted };
    await judgeSinks({
      desk: fixture.desk,
      store,
      rules,
      listSinks: () => Promise.resolve(sink === null ? [] : [sink]),
      pipelines: [pipeline],
    });
    return fixture.told();
  }
  const failing = (failingSeconds: number): SinkView => ({
    ...well,
    ...{ state: 'failing', failingSeconds, behind: 12, lastError: 'no answer' },
  });

  it('tell that one can’t deliver for five minutes, and how far behind it is', async () => {
    expect(await judge(failing(299))).to.deep.equal([]);
    expect(await judge(failing(300))).to.deep.equal([`alert.raised ${behind}`]);
    expect(fixture.logger.lines.at(-1)).to.contain(
      "sink hook of pipeline 45 can't deliver for 5 min, and is 12 blocks behind: no answer",
    );
  });

  it('leave one alone that is paused, and tell nothing where they are switched off', async () => {
    expect(await judge({ ...failing(900), state: 'paused' })).to.deep.equal([]);
    expect(await judge({ ...failing(900), deadLetters: 3 }, [], noRules)).to.deep.equal([]);
  });

  it('let stand what a run that was stopped has left, until a person stops the pipeline', async () => {
    expect(await judge(failing(900), [behind])).to.deep.equal([`alert.raised ${behind}`]);
    wanted = { ...startedPipeline, state: 'stopped', since: '2024-01-15T10:05:00' };
    expect(await judge(failing(900), [behind]), 'stopped before its last run').to.deep.equal([]);
    wanted = { ...wanted, since: '2024-01-15T10:06:00' };
    expect(await judge(failing(900), [behind])).to.deep.equal([`alert.cleared ${behind}`]);
    expect(fixture.logger.lines.at(-1)).to.contain(
      'sink hook of pipeline 45 is to deliver nothing: its pipeline is stopped',
    );
  });

  it('tell why an alert is over: delivered, paused, or dropped from its pipeline', async () => {
    const why = async (sink: SinkView | null): Promise<string | undefined> => {
      await judge(failing(900));
      await judge(sink, [behind]);
      return fixture.logger.lines.at(-1)?.split('sink hook of pipeline 45 ')[1];
    };
    expect(await why(well)).to.match(/^delivers again/);
    expect(await why({ ...failing(900), state: 'paused' })).to.match(/^is paused/);
    expect(await why(null)).to.match(/^is no longer a sink of it/);
  });

  it('tell of dead letters, and clear what is over, whoever had raised it', async () => {
    expect(await judge({ ...well, deadLetters: 3 })).to.deep.equal([`alert.raised ${letters}`]);
    expect(await judge(well, [letters, behind])).to.deep.equal([`alert.cleared ${letters}`]);
    expect(fixture.asked.at(-1)).to.contain(behind);
  });
});
