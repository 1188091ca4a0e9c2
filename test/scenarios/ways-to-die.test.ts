import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { openDatabase } from '../../src/database/open/open-database.js';
import { ChainSimulator } from '../support/chain-simulator.js';
import { createDatabase, onPostgres } from '../support/databases.js';
import { extentOf, itAtLength } from '../support/extent.js';
import { freePort } from '../support/free-port.js';
import { HookServer } from '../support/hook-server.js';
import { SmallDisk } from '../support/small-disk.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { WatchedSystem, type Sight } from '../support/watched-system.js';
import { eventually } from '../support/within.js';

/** A run that is frozen and one that is gone look alike: a sample sees one. */
const signals = extentOf<readonly NodeJS.Signals[]>({
  sample: ['SIGSTOP'],
  full: ['SIGKILL', 'SIGSTOP'],
  soak: ['SIGKILL', 'SIGSTOP'],
});

const isWell = ({ state, ready, alerts }: Sight): boolean => state === 'running' && ready && alerts.length === 0;
const has =
  (...rules: readonly string[]) =>
  ({ alerts }: Sight): boolean =>
    rules.every((rule) => alerts.includes(rule));
/** Its parts are read one after the other: each may be newer than the one before. */
const isSo =
  (expected: string, ...rules: readonly string[]) =>
  (sight: Sight): boolean =>
    sight.state === expected && has(...rules)(sight);

describe('what people are told while a pipeline dies', () => {
  let node: ChainSimulator;
  let mining: NodeJS.Timeout;
  let proxy: TcpProxy;
  let rpcUrl: string;
  let system: WatchedSystem;

  beforeEach(async () => {
    node = await ChainSimulator.start({}, { finalizedDistance: 5 });
    node.mine(10);
    mining = setInterval(() => node.mine(1), 250);
    ({ proxy, url: rpcUrl } = await TcpProxy.before(node.url));
  });
  afterEach(async () => {
    clearInterval(mining);
    await system.end();
    await proxy.close();
    await node.stop();
  });

  async function begin(...options: Parameters<typeof WatchedSystem.begin>): Promise<void> {
    system = await WatchedSystem.begin(...options);
    await system.watch();
  }
  const run = () => system.started(system.scenario.run('--stall-after', '3'));

  /** Starts another run, and waits until all is well and everybody was told so. */
  async function recover(...rules: readonly string[]): Promise<void> {
    run();
    await system.until('all is well again', isWell);
    await eventually('everybody is told', () => rules.every((rule) => system.told.includes(`cleared ${rule}`)));
    expect(system.told.filter((news) => !/^(raised|cleared|repeated) /.test(news))).to.deep.equal([]);
  }

  for (const signal of signals) {
    it(`by ${signal}: stalled, then down, until another run works`, async function () {
      this.timeout(120_000);
      await begin('sqlite:events.db', rpcUrl);
      const victim = run();
      await system.until('all is well', isWell);
      victim.signal(signal);
      const before = await system.until('it is stalled', isSo('silent', 'pipeline_stalled'));
      expect([before.ready, before.lag]).to.deep.equal([false, 'unknown']);
      expect(before.alerts).not.to.include('pipeline_down');
      const after = await system.until('it is down', isSo('failed', 'pipeline_down', 'pipeline_stalled'));
      expect(after.ready).to.equal(false);
      expect(after.reasons.join()).to.contain('pipelines: 1 is down: 45 (transfers)');
      expect(after.messages.join('\n')).to.match(
        /pipeline 45 \(transfers\) is down for \d+ s: task 1 fell silent and timed out/,
      );
      victim.signal('SIGCONT');
      await victim.exited;
      expect(await system.sight()).to.satisfy(has('pipeline_down', 'pipeline_stalled'));
      system.expectNothingCalledOver();
      await recover('pipeline_down', 'pipeline_stalled');
    });
  }

  it('by a dead node: unreachable with the reason of the run, its lag unknown, then stalled and down', async function () {
    this.timeout(120_000);
    await begin('sqlite:events.db', rpcUrl);
    const victim = run();
    await system.until('all is well', isWell);
    proxy.cut();
    const before = await system.until('its node is unreachable', has('rpc_unreachable'));
    expect(before.lag).to.equal('unknown');
    expect(before.messages.join('\n')).to.match(
      /RPC 127\.0\.0\.1\S* unreachable for \d+ s: .+ \(chain-31337; pipeline 45\)/,
    );
    const rules = ['pipeline_down', 'pipeline_stalled', 'rpc_unreachable'];
    const after = await system.until('it is down', isSo('failed', ...rules));
    expect(after.ready).to.equal(false);
    await victim.exited;
    expect(await system.sight()).to.satisfy(has('pipeline_down', 'rpc_unreachable'));
    system.expectNothingCalledOver();
    proxy.resume();
    await recover(...rules);
  });

  it('on the wrong chain: down at once, told by its own run, until it runs on its own', async function () {
    this.timeout(120_000);
    await begin('sqlite:events.db', rpcUrl);
    const other = await ChainSimulator.start({ chainId: 31_338 }, { finalizedDistance: 5 });
    other.mine(10);
    const victim = system.started(system.scenario.start('run-pipeline', '45', '--rpc-url', other.url));
    expect((await victim.exited).code).to.equal(6);
    const after = await system.until('it is down', isSo('failed', 'pipeline_down'));
    expect(after.ready).to.equal(false);
    expect(after.messages.join()).to.match(/is down for \d+ s: task 1 failed: .*31338/);
    system.expectNothingCalledOver();
    await recover('pipeline_down');
    await other.stop();
  });

  itAtLength(
    'by a definition that no worker can run: down, with what it waits for, until it is stopped',
    async function () {
      this.timeout(120_000);
      await begin('sqlite:events.db', rpcUrl);
      const definition = JSON.parse(readFileSync(join(system.scenario.folder, 'pipeline.json'), 'utf8')) as {
        readonly components: object[];
      };
      definition.components.push({
        name: 'hook',
        type: 'webhook_sink',
        url: '${NOBODY_HAS_THIS}',
        secret: '${NOR_THIS}',
      });
      writeFileSync(join(system.scenario.folder, 'poisoned.json'), JSON.stringify(definition));
      await system.scenario.chainparse('pipeline', 'import', 'poisoned.json', '--update');
      system.started(system.scenario.start('worker', '--lang', 'en'));
      await system.scenario.chainparse('pipeline', 'start', '45');
      const says = /pipeline 45 \(transfers\) is down for \d+ s: .*NOBODY_HAS_THIS/;
      const after = await system.until('it is down, and says why', ({ messages }) => says.test(messages.join()));
      expect(after.ready).to.equal(false);
      system.expectNothingCalledOver();
      await system.scenario.chainparse('pipeline', 'stop', '45');
      await system.until('nobody wants it', ({ ready, alerts }) => ready && alerts.length === 0);
      await eventually('everybody is told', () => system.told.includes('cleared pipeline_down'));
    },
  );

  itAtLength(
    'by the same fault of data five times at one block: held, with the fault, until a person starts it',
    async function () {
      this.timeout(300_000);
      // Its first block is the one that is refused: what comes before would be a try that works, and the alert be over until the next.
      await begin('sqlite:events.db', rpcUrl, { startBlock: 20 });
      const database = await openDatabase(`sqlite:${join(system.scenario.folder, 'events.db')}`);
      const refusal = "BEGIN SELECT RAISE(ABORT, 'block 20 is refused'); END";
      await database.knex.raw(`CREATE TRIGGER refuse BEFORE INSERT ON event WHEN NEW.block_number = 20 ${refusal}`);
      system.started(system.scenario.start('worker', '--lang', 'en'));
      await system.scenario.chainparse('pipeline', 'start', '45');
      const says = /is down for \d+ s: .*5 times the same fault at block \d+: .*block 20 is refused/;
      const after = await system.until('it is held', ({ messages }) => says.test(messages.join()), 200_000);
      expect(after.ready).to.equal(false);
      expect(await system.scenario.tasks()).to.have.length(5);
      system.expectNothingCalledOver();
      await database.knex.raw('DROP TRIGGER refuse');
      await database.close();
      await system.scenario.chainparse('pipeline', 'start', '45');
      await system.until('all is well again', isWell);
      await eventually('everybody is told', () => system.told.includes('cleared pipeline_down'));
    },
  );

  itAtLength('by a sink that is away: behind, while the pipeline runs, until it takes what waited', async function () {
    this.timeout(120_000);
    const port = await freePort();
    const hook = { name: 'hook', type: 'webhook_sink', url: `http://127.0.0.1:${port}/`, allow_private: true };
    await begin('sqlite:events.db', rpcUrl, { below: [hook] });
    run();
    const before = await system.until('its sink is behind', isSo('running', 'sink_behind'));
    expect(before.messages.join()).to.match(
      /sink hook of pipeline 45 can't deliver for \d+ s, and is \d+ blocks behind: /,
    );
    system.expectNothingCalledOver();
    const receiver = await HookServer.start();
    receiver.stop();
    await receiver.listen(port);
    await system.until('all is well again', isWell);
    await eventually('everybody is told', () => system.told.includes('cleared sink_behind'));
  });

  it('by a full disk: silent, told by run and monitor, until there is room', async function () {
    this.timeout(120_000);
    const disk = SmallDisk.mount(8);
    if (disk === null) this.skip(); // a small disk needs the right to mount one
    await begin(`sqlite:${disk.folder}/x.db`, rpcUrl);
    run();
    await system.until('all is well', isWell);
    disk.fill();
    const rules = ['database_unreachable', 'heartbeat_failing'];
    await eventually('it is told', () => rules.every((rule) => system.told.includes(`raised ${rule}`)), 60_000);
    const seen = await system.until('it is silent', ({ state }) => state === 'silent');
    expect([seen.ready, seen.lag]).to.deep.equal([false, 'unknown']);
    expect(system.webhook.alerts.map(({ data }) => data.message).join('\n')).to.contain('disk is full');
    system.expectNothingCalledOver();
    disk.makeRoom();
    await system.until('all is well again', isWell, 60_000);
    await eventually('everybody is told', () => rules.every((rule) => system.told.includes(`cleared ${rule}`)));
  });

  onPostgres('by a database that is away', (server) => {
    it('unreachable, told by run and monitor without it, until it answers', async function () {
      this.timeout(120_000);
      const through = await TcpProxy.before(await createDatabase(server().url()));
      system = await WatchedSystem.begin(through.url, rpcUrl);
      await system.watch();
      run();
      await system.until('all is well', isWell);
      through.proxy.cut();
      await eventually('it is told', () => system.told.includes('raised database_unreachable'), 60_000);
      expect(await system.ready()).to.include({ ready: false });
      expect((await system.ready()).reasons.join()).to.match(/^database: /);
      expect((await system.scenario.start('status', '--json').exit(60_000)).code).to.equal(5);
      system.expectNothingCalledOver();
      through.proxy.resume();
      await system.until('all is well again', isWell, 60_000);
      await eventually('everybody is told', () => system.told.includes('cleared database_unreachable'));
    });
  });
});
