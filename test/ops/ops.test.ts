import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { parse } from 'yaml';
import { projectRoot } from '../support/processes.js';
import { withPrometheus } from '../support/prometheus.js';
import { documentedMetrics } from './documented-metrics.js';
import { exportedMetrics, metricOf, seriesIn } from './exported-metrics.js';

const read = (path: string): string => readFileSync(join(projectRoot, path), 'utf8');
const promtool = async (...args: string[]): Promise<string> => {
  const { stdout } = await promisify(execFile)('promtool', args, { cwd: join(projectRoot, 'ops/prometheus') });
  return stdout;
};

interface Panel {
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string }[];
}

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly annotations: Readonly<Record<string, string>>;
}

const panels = (): readonly Panel[] => (JSON.parse(read('ops/grafana/dashboard.json')) as { panels: Panel[] }).panels;
const rules = (): readonly Rule[] =>
  (parse(read('ops/prometheus/alerts.yml')) as { groups: { rules: Rule[] }[] }).groups.flatMap((group) => group.rules);

describe('the names of metrics', () => {
  for (const path of ['ops/prometheus/alerts.yml', 'ops/prometheus/alerts.test.yml', 'ops/grafana/dashboard.json']) {
    it(`in ${path} are names that are exported`, async () => {
      const exported = await exportedMetrics();
      const series = seriesIn(read(path));
      expect(series).not.to.deep.equal([]);
      expect(series.filter((name) => metricOf(name, exported) === undefined)).to.deep.equal([]);
    });
  }

  it('are all documented, with their type, and nothing else is', async () => {
    const exported = await exportedMetrics();
    const ours = [...exported].filter(([name]) => name.startsWith('chainparse_'));
    const documented = documentedMetrics().map(({ name, type }) => [name, type]);
    expect(documented.sort()).to.deep.equal(ours.sort());
  });

  it('follow the conventions: totals are counters, durations are seconds', async () => {
    for (const [name, type] of await exportedMetrics()) {
      if (!name.startsWith('chainparse_')) continue;
      expect(name.endsWith('_total'), name).to.equal(type === 'counter');
      if (type === 'histogram') expect(name).to.match(/_seconds$/);
    }
  });
});

describe('the dashboard of Grafana', () => {
  it('shows how every part is: whatever tells of a state is on it', () => {
    const board = seriesIn(read('ops/grafana/dashboard.json'));
    const states = documentedMetrics().filter(({ type }) => type === 'gauge');
    // The heartbeats that the ratio is made of are shown; of silence that nobody knows `status` tells.
    const elsewhere = ['chainparse_heartbeat_success_ratio', 'chainparse_tasks_silence_unknown'];
    const lacking = states.map(({ name }) => name).filter((name) => !board.includes(name));
    expect(lacking).to.deep.equal(elsewhere);
  });

  it('has panels that lie beside each other, each with a query', () => {
    const shown = panels();
    const cells = shown.flatMap(({ title, gridPos: { x, y, w, h } }) => {
      expect(x + w, title).to.be.at.most(24);
      return Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`);
    });
    expect(new Set(cells).size).to.equal(cells.length);
    for (const { type, title, targets = [] } of shown) if (type !== 'row') expect(targets, title).not.to.have.length(0);
  });
});

describe('the alerts of Prometheus', () => {
  it('are each tested, firing and silent, and say what to do', () => {
    const tests = read('ops/prometheus/alerts.test.yml');
    for (const { alert, annotations } of rules()) {
      expect(annotations, alert).to.include.keys('summary', 'description');
      expect(tests, alert).to.match(new RegExp(`alertname: ${alert}, exp_alerts: \\[\\]`));
      expect(tests, alert).to.match(new RegExp(`alertname: ${alert}\\n\\s+exp_alerts:\\n`));
    }
  });
});

describe('docs/metrics.md', () => {
  it('has exactly the rules of alerts.yml, in their order, with how long each is so before it is raised', () => {
    const rows = [...read('docs/metrics.md').matchAll(/^\| `(Chainparse\w+)` \|.*\| (?:(\d+) min )?\|$/gm)];
    const documented = rows.map(([, alert, minutes]) => ({
      alert,
      for: minutes === undefined ? undefined : `${minutes}m`,
    }));
    expect(documented).to.deep.equal(rules().map((rule) => ({ alert: rule.alert, for: rule.for })));
  });

  it('gives each process the port at which prometheus.yml looks for it', () => {
    const { scrape_configs: jobs } = parse(read('ops/prometheus/prometheus.yml')) as {
      scrape_configs: { job_name: string; static_configs: { targets: string[] }[] }[];
    };
    const lines = [
      ...read('docs/metrics.md').matchAll(/^chainparse (\w+)\b.*?(?:--metrics-port |127\.0\.0\.1:)(\d+)/gm),
    ];
    const shown = lines.map(([, command, port]) => [`chainparse-${command}`, [`127.0.0.1:${port}`]]);
    const scraped = jobs.map(({ job_name, static_configs }) => [
      job_name,
      static_configs.flatMap(({ targets }) => targets),
    ]);
    expect(shown).to.deep.equal(scraped);
  });
});

withPrometheus('promtool', () => {
  it('finds the alerts well-formed', async () => {
    expect(await promtool('check', 'rules', 'alerts.yml')).to.match(/SUCCESS: \d+ rules found/);
    expect(await promtool('check', 'config', 'prometheus.yml')).to.contain('is valid prometheus config');
  });

  it('finds that each alert is raised when it must be', async () => {
    expect(await promtool('test', 'rules', 'alerts.test.yml')).to.contain('SUCCESS');
  });

  it('reads every query of the dashboard', async function () {
    this.timeout(60_000);
    const queries = panels().flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    for (const query of queries) {
      const plain = query.replaceAll('$__rate_interval', '1m').replaceAll('$pipeline', '.*');
      await promtool('--experimental', 'promql', 'format', plain);
    }
  });
});
