import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse, stringify } from 'yaml';
import { documentedMetrics } from '../ops/documented-metrics.js';
import { ChainSimulator } from '../support/chain-simulator.js';
import { Child } from '../support/child.js';
import { freePort } from '../support/free-port.js';
import { projectRoot } from '../support/processes.js';
import { WebhookReceiver } from '../support/webhook-receiver.js';
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

const job = (command: string): string => `chainparse-${command}`;
/** Who is meant in the column `by`. */
const jobsOf: Readonly<Record<string, readonly string[]>> = {
  run: [job('run'), job('worker')],
  monitor: [job('monitor')],
  serve: [job('serve')],
  all: ['run', 'worker', 'monitor', 'serve'].map(job),
};

withPrometheus('Prometheus beside a live system', () => {
  let node: ChainSimulator;
  let hook: WebhookReceiver;
  let run: Child;
  let processes: readonly Child[] = [];
  let ports: Readonly<Record<string, number>>;
  let prometheus: Prometheus;

  // A pipeline is run by hand, one by a worker; a monitor judges both, and the API tells of them.
  before(async function () {
    this.timeout(60_000);
    node = await ChainSimulator.start({}, { finalizedDistance: 5 });
    node.mine(10);
    const url = `sqlite:${temporaryFolder()}/prometheus.db`;
    hook = await WebhookReceiver.start();
    const sink = { name: 'hook', type: 'webhook_sink', url: hook.url, allow_private: true };
    const scenario = await Scenario.begin(url, node.url, { mode: 'realtime', below: [sink] });
    await scenario.chainparse('pipeline', 'import', 'pipeline.json', '--id', '46', '--name', 'second');
    const names = ['chainparse-run', 'chainparse-worker', 'chainparse-monitor', 'chainparse-serve'];
    ports = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await freePort()] as const)));
    const portOf = (command: string): string => String(ports[`chainparse-${command}`]);
    run = scenario.run('--metrics-port', portOf('run'));
    const often = ['--interval', '0.5', '--heartbeat-interval', '1'];
    processes = [
      run,
      scenario.start('worker', '--metrics-port', portOf('worker')),
      scenario.start('monitor', ...often, '--metrics-port', portOf('monitor')),
      scenario.start('serve', '--port', portOf('serve')),
    ];
    prometheus = await Prometheus.start(ports);
    await sees('sum(up)', 4);
    const start = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"pipeline_id":46}' };
    expect((await fetch(`http://127.0.0.1:${portOf('serve')}/api/v1/pipeline/start`, start)).status).to.equal(202);
  });
  after(async () => {
    for (const process of processes) await process.kill();
    await prometheus.stop();
    hook.stop();
    await node.stop();
  });

  const sees = (query: string, value: number): Promise<boolean> =>
    eventually(query, async () => (await prometheus.value(query)) === value, 30_000);
  const fires = (name: string): Promise<boolean> =>
    eventually(`${name} fires`, async () => (await prometheus.firing()).includes(name), 30_000);

  it('learns from each command what docs/metrics.md says that it tells', async function () {
    this.timeout(60_000);
    for (const pipeline of [45, 46]) await sees(`chainparse_events_total{pipeline="${pipeline}"}`, 10);
    node.reorg(2);
    await sees('count(chainparse_reorgs_total > 0)', 2);
    await sees('chainparse_monitors_alive{job="chainparse-serve"}', 1);
    for (const { name, type, by } of documentedMetrics()) {
      const tellers = by.flatMap((who) => jobsOf[who] ?? [`nobody is called ${who}`]);
      const series = type === 'histogram' ? `${name}_count` : name;
      for (const job of tellers) await sees(`count(count(${series}{job="${job}"}))`, 1);
    }
  });

  it('finds in serve what is documented, and nothing else of chainparse', async () => {
    const text = await (await fetch(`http://127.0.0.1:${ports['chainparse-serve']}/metrics`)).text();
    const told = new Set([...text.matchAll(/^# TYPE (chainparse_\w+)/gm)].map(([, name]) => name));
    const documented = documentedMetrics().filter(({ by }) => by.includes('serve') || by.includes('all'));
    expect([...told].sort()).to.deep.equal(documented.map(({ name }) => name).sort());
  });

  it('raises an alert when a task is frozen, and clears it when the task goes on', async function () {
    this.timeout(120_000);
    await sees('max(chainparse_tasks{status="running"})', 2);
    await sees('max(chainparse_tasks_silent)', 0);
    expect(await prometheus.firing()).to.deep.equal([]);
    run.signal('SIGSTOP');
    await Promise.all([fires('ChainparseTaskSilent'), fires('ChainparseProcessDown')]);
    run.signal('SIGCONT');
    await eventually('it is over', async () => (await prometheus.firing()).length === 0, 30_000);
    for (const process of processes) process.signal('SIGTERM');
    for (const process of processes) expect((await process.exit(12_000)).code).to.equal(0);
  });
});
