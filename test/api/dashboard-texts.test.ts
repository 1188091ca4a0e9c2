import { join } from 'node:path';
import { expect } from 'chai';
import { projectRoot } from '../support/processes.js';

interface Dashboard {
  setLanguage(language: 'en' | 'zh'): void;
  setZone(offset: string): boolean;
  zoneName(): string;
  formatInstant(text: string | null): string;
  formatClock(ms: number): string;
  timeLabels(splits: readonly number[], step: number): readonly string[];
  numberLabels(splits: readonly number[], step: number, language: string): readonly string[];
  t(key: string, values: object): string;
  levelText(task: object): string;
  waitText(task: object): string;
  awaitedBlock(progress: object): number | null;
  contractsText(component: object): string;
}

const folder = join(projectRoot, 'src/api/dashboard');
const paths = [
  'language.js',
  'zone.js',
  'task-state.js',
  'parts/axis-labels.js',
  'parts/server-texts.js',
  'parts/component-graph.js',
];
const noon = Date.parse('2024-01-15T12:00:00Z');

/** Loads the dashboard's code, which finds itself in no browser here. */
async function loadDashboard(): Promise<Dashboard> {
  Object.defineProperty(globalThis, 'navigator', { value: { language: 'en' }, configurable: true });
  const modules = await Promise.all(paths.map((path) => import(join(folder, path)) as Promise<object>));
  return Object.assign({}, ...modules) as Dashboard;
}

describe('the texts of the dashboard', () => {
  let dashboard: Dashboard;

  before(async () => {
    dashboard = await loadDashboard();
    dashboard.setLanguage('en');
  });
  after(() => dashboard.setZone('+00:00'));

  it("tell every time in the database's zone, with its name", () => {
    dashboard.setZone('+08:00');
    expect(dashboard.zoneName()).to.equal('UTC+08:00');
    expect(dashboard.formatInstant('2024-01-15T20:00:00')).to.equal('2024-01-15 20:00:00 UTC+08:00');
    expect(dashboard.formatClock(noon)).to.equal('20:00:00 UTC+08:00');
    expect(dashboard.timeLabels([noon / 1000], 300)).to.deep.equal(['20:00']);
    dashboard.setZone('-03:30');
    expect(dashboard.formatClock(noon)).to.equal('08:30:00 UTC-03:30');
    dashboard.setZone('+00:00');
    expect(dashboard.zoneName()).to.equal('UTC');
  });

  it('say once whether the zone is another than was thought', () => {
    expect(dashboard.setZone('+08:00')).to.equal(true);
    expect(dashboard.setZone('+08:00')).to.equal(false);
    dashboard.setZone('+00:00');
  });

  it('write no two labels of an axis alike', () => {
    const start = noon / 1000;
    for (const step of [1, 5, 30, 60, 300, 3_600, 86_400]) {
      const labels = dashboard.timeLabels(
        [0, 1, 2, 3].map((i) => start + i * step),
        step,
      );
      expect(new Set(labels).size, labels.join(' ')).to.equal(4);
    }
    for (const step of [0.01, 0.02, 0.5, 1, 50, 20_000]) {
      const labels = dashboard.numberLabels([0, step, 2 * step, 3 * step], step, 'en');
      expect(new Set(labels).size, labels.join(' ')).to.equal(4);
    }
  });

  it('let no name turn round the sentence in which it stands', () => {
    const text = dashboard.t('moment.succeeded', { task: '14', pipeline: '\u202eevil\u2066', reason: '' });
    expect(text)
      .to.contain('14')
      .and.contain('\ufffdevil\ufffd')
      .and.not.match(/[\u202e\u2066]/);
  });

  it('have one name for a status, whatever the reason of the end', () => {
    for (const reason of ['completed', 'stopped', 'handed_over', null]) {
      expect(dashboard.levelText({ status_name: 'succeeded', end_reason: reason })).to.equal('succeeded');
    }
    dashboard.setLanguage('zh');
    expect(dashboard.levelText({ status_name: 'succeeded', end_reason: 'stopped' })).to.equal('成功或结束');
    dashboard.setLanguage('en');
  });

  it('say what a queued task waits for, also where the server does not', () => {
    expect(dashboard.waitText({ status_name: 'queued' })).to.equal('Waits for a worker.');
    expect(dashboard.waitText({ waiting_for: 'the moon' })).to.equal('Waits for the moon.');
    const unfit = { waiting_for: 'a worker that can run it: no RPC URL for ethereum' };
    expect(dashboard.waitText(unfit)).to.equal('Waits for a worker that can run it: no RPC URL for ethereum.');
    dashboard.setLanguage('zh');
    expect(dashboard.waitText(unfit)).to.equal('等待能运行它的工作进程：no RPC URL for ethereum');
    expect(dashboard.waitText({ waiting_for: 'task 7 to end: it runs this pipeline' })).to.match(/^等待任务 7 结束/);
    dashboard.setLanguage('en');
  });

  it('say which contracts a source reads: one, a number of them, any, or what a factory makes', () => {
    const contract = '0x1F98431c8aD98523631AE4a59f267346ea31F984';
    const text = (component: object): string => dashboard.contractsText(component);
    expect(text({ contract_address: contract })).to.equal('0x1F9843…31F984');
    expect(text({ contract_address: [contract, contract] })).to.equal('2 × 0x…');
    expect(text({})).to.equal('');
    expect(text({ contract_address: null })).to.equal('');
    const other = { address: [contract, contract], abi: [] };
    expect(text({ contracts: [{ address: contract, abi: [] }, other] })).to.equal('3 × 0x…');
    const factory = { factory: contract, event: 'PoolCreated(address,address)', parameter: 'pool' };
    expect(text({ contract_address: factory })).to.equal('children of 0x1F9843…31F984 (PoolCreated)');
    const nested = { factory: { ...factory, factory: [contract, contract] }, event: 'Made', parameter: 'child' };
    expect(text({ contract_address: nested })).to.equal('children of children of 2 × 0x… (PoolCreated) (Made)');
    dashboard.setLanguage('zh');
    expect(text({ contract_address: factory })).to.equal('0x1F9843…31F984 创建的合约（PoolCreated）');
    dashboard.setLanguage('en');
  });

  it('wait for a block that the chain has not come to, and for none where the head is followed', () => {
    const progress = { mode: 'historical', next_block: 18_000_000, target_block: 18_001_000, head_block: 17_999_000 };
    expect(dashboard.awaitedBlock(progress)).to.equal(18_000_000);
    expect(dashboard.awaitedBlock({ mode: 'realtime', next_block: 11, target_block: null, head_block: 10 })).to.equal(
      null,
    );
  });
});
