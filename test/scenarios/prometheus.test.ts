import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse, stringify } from 'yaml';
import { ChainSimulator } from '../support/chain-simulator.js';
import { Child } from '../support/child.js';
import { freePort } from '../support/free-port.js';
import { projectRoot } from '../support/processes.js';
import { withPrometheus } from '../support/prometheus.js';
import { Scenario } from '../support/scenario.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { eventually } from '../support/within.js';

interface Alert {
  readonly labels: Readonly<Record<string, string>>;
  readonly state: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/** The shipped rules; what must last minutes before it is told lasts a second here. */
function hastyRules(): string {
  const text = readFileSync(join(projectRoot, 'ops/prometheus/alerts.yml'), 'utf8');
  const { groups } = parse(text) as { groups: { rules: object[] }[] };
  const hasten = (rule: object): object => ({ ...rule, ...('for' in rule ? { for: '1s' } : {}) });
  return stringify({ groups: groups.map((group) => ({ ...group, rules: group.rules.map(hasten) })) });
}

/** A Prometheus that scrapes jobs on ports of this computer four times a second. */
class Prometheus {
  readonly url: string;
  readonly #process: Child;

  private constructor(port: number, process: Child) {
    this.url = `http://127.0.0.1:${port}`;
    this.#process = process;
  }

  static async start(jobs: Readonly<Record<string, number>>): Promise<Prometheus> {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'alerts.yml'), hastyRules());
    const often = '250ms';
    const scrape_configs = Object.entries(jobs).map(([job_name, port]) => ({
      job_name,
      static_configs: [{ targets: [`127.0.0.1:${port}`] }],
    }));
    const global = { scrape_interval: often, scrape_timeout: often, evaluation_interval: often };
    writeFileSync(join(folder, 'prometheus.yml'), stringify({ global, rule_files: ['alerts.yml'], scrape_configs }));
    const port = await freePort();
    const flags = [`--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`];
    const process = new Child('prometheus', [...flags, `--web.listen-address=127.0.0.1:${port}`]);
    await process.output(/Server is ready to receive web requests/, 30_000);
    return new Prometheus(port, process);
  }

  async value(query: string): Promise<number | null> {
    const found = await this.#get<{ result: { value: [number, string] }[] }>(
      `query?query=${encodeURIComponent(query)}`,
    );
    const [sample] = found.result;
    return sample === undefined ? null : Number(sample.value[1]);
  }

  async firing(): Promise<readonly string[]> {
    const { alerts } = await this.#get<{ alerts: Alert[] }>('alerts');
    return alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels['alertname'] ?? '');
  }

  async stop(): Promise<void> {
    this.#process.signal('SIGTERM');
    await this.#process.exit(15_000);
  }

  async #get<T>(path: string): Promise<T> {
    return ((await (await fetch(`${this.url}/api/v1/${path}`)).json()) as { data: T }).data;
  }
}

withPrometheus('Prometheus beside a live system', () => {
  it('sees it run, raises an alert when its task is frozen, and clears it when the task goes on', async function () {
    this.timeout(120_000);
    const node = await ChainSimulator.start({}, { finalizedDistance: 5 });
    node.mine(10);
    const url = `sqlite:${temporaryFolder()}/prometheus.db`;
    const scenario = await Scenario.begin(url, node.url, { mode: 'realtime' });
    const ports = { 'chainparse-run': await freePort(), 'chainparse-monitor': await freePort() };
    const run = scenario.run('--metrics-port', String(ports['chainparse-run']));
    const often = ['--interval', '0.5', '--heartbeat-interval', '1'];
    const monitor = scenario.start('monitor', ...often, '--metrics-port', String(ports['chainparse-monitor']));
    const prometheus = await Prometheus.start(ports);
    try {
      const sees = (query: string, value: number): Promise<boolean> =>
        eventually(query, async () => (await prometheus.value(query)) === value, 30_000);
      await sees('chainparse_events_total{pipeline="45"}', 10);
      await sees('chainparse_tasks{status="running"}', 1);
      await sees('chainparse_tasks_silent', 0);
      await sees('sum(up)', 2);
      expect(await prometheus.firing()).to.deep.equal([]);
      run.signal('SIGSTOP');
      const fires = (name: string): Promise<boolean> =>
        eventually(`${name} fires`, async () => (await prometheus.firing()).includes(name), 30_000);
      await Promise.all([fires('ChainparseTaskSilent'), fires('ChainparseProcessDown')]);
      run.signal('SIGCONT');
      await eventually('it is over', async () => (await prometheus.firing()).length === 0, 30_000);
      for (const process of [run, monitor]) process.signal('SIGTERM');
      for (const process of [run, monitor]) expect((await process.exit(12_000)).code).to.equal(0);
    } finally {
      await prometheus.stop();
      await node.stop();
    }
  });
});
