import { expect } from 'chai';
import type { Alert } from '../../../src/model/alert.js';
import { judgeSinks } from '../../../src/tasks/alerts/sink-alerts.js';
import type { SinkView } from '../../../src/tasks/views/sink-view.js';
import { AlertFixture } from './alert-fixture.js';
import { defaultRules, noRules } from './alert-rules.js';

const well: SinkView = {
  ...{ pipelineId: 45, name: 'hook', type: 'webhook_sink', state: 'running', cursorBlock: 7, behind: 0 },
  ...{ failingSeconds: null, deadLetters: 0, lastError: null, lastErrorTime: null },
};
const behind = 'sink_behind:sink hook of pipeline 45';
const letters = 'sink_dead_letters:sink hook of pipeline 45';

describe('the alert rules of sinks', () => {
  let fixture: AlertFixture;
  beforeEach(() => (fixture = new AlertFixture()));

  async function judge(sink: SinkView, open: readonly string[] = [], rules = defaultRules): Promise<readonly string[]> {
    const alerts = open.map((key) => {
      const [rule, subject] = key.split(':');
      return { rule, subject } as Alert;
    });
    const store = { list: () => Promise.resolve({ alerts, total: alerts.length }) };
    await judgeSinks({ desk: fixture.desk, store, rules, listSinks: () => Promise.resolve([sink]) });
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

  it('tell of dead letters, and clear what is over, whoever had raised it', async () => {
    expect(await judge({ ...well, deadLetters: 3 })).to.deep.equal([`alert.raised ${letters}`]);
    expect(await judge(well, [letters, behind])).to.deep.equal([`alert.cleared ${letters}`]);
    expect(fixture.asked.at(-1)).to.contain(behind);
  });
});
