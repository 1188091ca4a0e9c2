import { expect } from 'chai';
import { ChainSimulator } from '../support/chain-simulator.js';
import type { Child } from '../support/child.js';
import { eachDatabaseInTurn } from '../support/databases.js';
import { Scenario } from '../support/scenario.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { eventually } from '../support/within.js';

/** What providers put into a URL, and a broken one into its answers. */
const secret = 'k3y-0f-th3-pr0v1d3r';

type Listed = Readonly<Record<string, unknown>>;

eachDatabaseInTurn('the health of the endpoints of a run', (databases) => {
  let node: ChainSimulator;
  let broken: ChainSimulator;
  let proxy: TcpProxy;
  let mining: NodeJS.Timeout;
  let scenario: Scenario;
  let run: Child;
  let server: Child;
  let endpointsUrl: string;
  let goodName: string;
  const seen: string[] = [];

  before(async function () {
    this.timeout(60_000);
    node = await ChainSimulator.start({}, { finalizedDistance: 64, receipts: 'rooted' });
    node.mine(100);
    mining = setInterval(() => node.mine(1), 250);
    const body = `no route for /v3/${secret}`;
    broken = await ChainSimulator.start({ fault: () => ({ kind: 'status', status: 500, body }) });
    const through = await TcpProxy.before(node.url);
    proxy = through.proxy;
    goodName = new URL(through.url).host;
    scenario = await Scenario.begin(await databases.fresh(), `${through.url}v3/${secret}`, { mode: 'realtime' });
    server = scenario.start('serve', '--port', '0', '--json');
    const [, apiUrl = ''] = await server.output(/^{\s*"url":\s*"(.*?)"\s*}/);
    endpointsUrl = `${apiUrl}/api/v1/endpoints`;
    run = scenario.run('--rpc-url', `${broken.url}/v3/${secret}`);
  });

  after(async () => {
    clearInterval(mining);
    for (const child of [run, server]) child.signal('SIGTERM');
    await Promise.all([run, server].map((child) => child.exit(15_000)));
    await Promise.all([proxy.close(), node.stop(), broken.stop()]);
  });

  async function listed(): Promise<readonly Listed[]> {
    const text = await (await fetch(endpointsUrl)).text();
    seen.push(text);
    return (JSON.parse(text) as { endpoints: readonly Listed[] }).endpoints;
  }

  /** Waits until the two are in these states, the second in any where none is named; returns them, the good one first. */
  async function inStates(...states: readonly string[]): Promise<readonly Listed[]> {
    let found: readonly Listed[] = [];
    const look = async (): Promise<boolean> => {
      found = [...(await listed())].sort((one) => (one['endpoint'] === goodName ? -1 : 1));
      return found.length === 2 && states.every((state, index) => found[index]?.['state'] === state);
    };
    await eventually(`the endpoints are ${states.join(' and ')}`, look, 30_000);
    return found;
  }

  it('appears at another process soon after the run has begun', async function () {
    this.timeout(60_000);
    // The other one may have been asked beside the way by now.
    const [good, bad] = await inStates('healthy');
    expect(good).to.include({ chain_id: 31_337, endpoint: goodName, stale: false });
    expect(good?.['worker']).to.match(new RegExp(`:${run.pid}$`));
    expect(good?.['newest_block']).to.be.within(100, node.head.number);
    expect(bad).to.include({ endpoint: new URL(broken.url).host });
  });

  it('tells which fails, how and when, while the run beats', async function () {
    this.timeout(60_000);
    proxy.cut();
    const [good, bad] = await inStates('resting', 'resting');
    expect(bad?.['last_error']).to.match(/500/);
    expect(good?.['last_error']).to.be.a('string').and.not.equal('');
    expect(good?.['last_error_time']).to.match(/^\d{4}-\d\d-\d\dT/);
    expect(good?.['failures']).to.be.above(2);
    const [task] = await scenario.tasks();
    expect(task).to.include({ task_id: 1, status: 0 });
    expect(task?.heartbeat_age_seconds).to.be.at.most(3);
  });

  it('tells when it is back', async function () {
    this.timeout(60_000);
    proxy.resume();
    const [good] = await inStates('healthy', 'resting');
    expect(good).to.include({ stale: false });
  });

  it('says nothing any more once the run has ended, and never said what is secret', async function () {
    this.timeout(60_000);
    run.signal('SIGTERM');
    const { code, stderr } = await run.exit(15_000);
    expect(code, stderr).to.equal(0);
    expect(await listed()).to.deep.equal([]);
    expect(seen.join('\n')).to.contain(goodName).and.not.contain(secret);
    expect(stderr).not.to.contain(secret);
  });
});
