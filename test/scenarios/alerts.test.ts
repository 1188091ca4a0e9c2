import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ChainSimulator } from '../support/chain-simulator.js';
import { createDatabase, eachDatabaseInTurn, eachServer } from '../support/databases.js';
import { Scenario } from '../support/scenario.js';
import { WebhookReceiver } from '../support/webhook-receiver.js';
import { eventually } from '../support/within.js';

const monitorArgs = ['monitor', '--interval', '1', '--heartbeat-interval', '1', '--log-level', 'debug', '--lang', 'en'];

interface ListedAlert {
  readonly rule: string;
  readonly subject: string;
  readonly state: string;
  readonly notifications: number;
}

describe('alerts at work', () => {
  let node: ChainSimulator;
  let webhook: WebhookReceiver;

  before(async () => {
    node = await ChainSimulator.start({}, { finalizedDistance: 5 });
    node.mine(10);
  });
  after(() => node.stop());
  beforeEach(async () => (webhook = await WebhookReceiver.start()));
  afterEach(() => webhook.stop());

  async function begin(databaseUrl: string, ...settings: string[]): Promise<Scenario> {
    const scenario = await Scenario.begin(databaseUrl, node.url, { mode: 'realtime' });
    const lines = ['alerts:', `  webhook_url: ${webhook.url}`, ...settings.map((line) => `  ${line}`)];
    writeFileSync(join(scenario.folder, 'chainparse.config.yaml'), lines.join('\n'));
    return scenario;
  }

  async function listed(scenario: Scenario): Promise<readonly ListedAlert[]> {
    const text = await scenario.chainparse('alerts', 'list', '--all', '--json');
    return (JSON.parse(text) as { alerts: ListedAlert[] }).alerts;
  }

  eachDatabaseInTurn('on a run that is frozen', (database) => {
    it('raise pipeline_stalled long before it times out, once for two monitors, and clear it when it beats', async function () {
      this.timeout(90_000);
      const scenario = await begin(await database.fresh());
      const run = scenario.run();
      await run.output(/runs pipeline 45/);
      const monitors = [scenario.start(...monitorArgs), scenario.start(...monitorArgs)];
      for (const monitor of monitors) await monitor.output(/timeout check: 1 running, 0 timed out/);
      run.signal('SIGSTOP');
      const raised = await webhook.got('raised', 'pipeline_stalled:pipeline 45');
      expect(raised.data.message).to.match(/^pipeline 45 gives no sign of life for \d+ s: task 1 on .* is silent$/);
      const open = (await listed(scenario)).map(({ rule, subject, state }) => [rule, subject, state]);
      expect(open).to.deep.equal([['pipeline_stalled', 'pipeline 45', 'open']]);
      run.signal('SIGCONT');
      const cleared = await webhook.got('cleared', 'pipeline_stalled:pipeline 45');
      expect(cleared.data.alert_id).to.equal(raised.data.alert_id);
      for (const process of [run, ...monitors]) process.signal('SIGTERM');
      for (const process of [run, ...monitors]) expect((await process.exit(12_000)).code).to.equal(0);
      expect(webhook.alerts.map(({ type }) => type)).to.deep.equal(['alert.raised', 'alert.cleared']);
      expect((await listed(scenario)).map(({ state, notifications }) => [state, notifications])).to.deep.equal([
        ['cleared', 1],
      ]);
      expect(monitors[0]?.stderr).to.match(/the metrics of this process at its end/);
    });
  });

  eachDatabaseInTurn('whose receiver is away', (database) => {
    it('are told by the next process where the first one ends before anybody took them, though none is repeated', async function () {
      this.timeout(90_000);
      webhook.refusesWith = 503;
      const scenario = await begin(await database.fresh(), 'repeat: off');
      const told = async (): Promise<unknown> =>
        (await listed(scenario)).map((alert) => [alert.rule, alert.notifications]);
      appendFileSync(join(scenario.folder, 'chainparse.config.yaml'), '\ncheck_interval: 1\n');
      const first = scenario.run();
      await first.output(/alert raised: no monitor is alive/);
      expect(await told()).to.deep.equal([['no_monitor', 1]]);
      first.signal('SIGTERM');
      expect((await first.exit(12_000)).code).to.equal(0);
      expect(await told()).to.deep.equal([['no_monitor', 0]]);
      webhook.refusesWith = null;
      const second = scenario.run();
      await webhook.got('raised', 'no_monitor:monitor');
      second.signal('SIGTERM');
      expect((await second.exit(12_000)).code).to.equal(0);
      expect(await told()).to.deep.equal([['no_monitor', 1]]);
      expect(webhook.alerts).to.have.length(1);
    });
  });

  eachServer('on a server that freezes', (server) => {
    it('are sent by monitor and run while it is away, and stored when it is back', async function () {
      this.timeout(120_000);
      const scenario = await begin(await createDatabase(server().url()), 'database_unreachable: 1');
      const run = scenario.run();
      await run.output(/runs pipeline 45/);
      const monitor = scenario.start(...monitorArgs);
      await monitor.output(/timeout check: 1 running, 0 timed out/);
      const times = (news: string): number =>
        webhook.alerts.filter(({ type, data }) => type === `alert.${news}` && data.key.startsWith('database_un'))
          .length;
      server().freeze();
      try {
        await webhook.got('raised', 'heartbeat_failing:task 1', 60_000);
        await eventually('both say that it is away', () => times('raised') === 2, 60_000);
      } finally {
        server().thaw();
      }
      await webhook.got('cleared', 'heartbeat_failing:task 1');
      await eventually('both say that it is back', () => times('cleared') === 2);
      await eventually('both are in the table, cleared', async () => {
        const alerts = await listed(scenario);
        const rules = alerts.filter(({ state }) => state === 'cleared').map(({ rule }) => rule);
        return rules.includes('database_unreachable') && rules.includes('heartbeat_failing');
      });
      for (const process of [run, monitor]) process.signal('SIGTERM');
      for (const process of [run, monitor]) expect((await process.exit(12_000)).code).to.equal(0);
      // Nobody is called stalled for the outage. Who comes back second keeps no row of its own, unless at the same moment.
      const rules = (await listed(scenario)).map(({ rule, state }) => `${rule} ${state}`);
      expect([...new Set(rules)].sort()).to.deep.equal(['database_unreachable cleared', 'heartbeat_failing cleared']);
      expect(rules.length).to.be.at.most(3);
    });
  });
});
