import { expect } from 'chai';
import { ChainSimulator } from '../support/chain-simulator.js';
import { idsOf, Scenario } from '../support/scenario.js';
import { SmallDisk } from '../support/small-disk.js';

describe('a run whose disk is full (sqlite; needs the right to mount)', () => {
  let node: ChainSimulator;
  let mining: NodeJS.Timeout;

  before(async () => {
    node = await ChainSimulator.start({}, { finalizedDistance: 20 });
    mining = setInterval(() => node.mine(1, () => Array.from({ length: 30 }, () => ({}))), 100);
  });
  after(async () => {
    clearInterval(mining);
    await node.stop();
  });

  it('pauses, shows it by its silence, and goes on when there is room: each event is there once', async function () {
    this.timeout(90_000);
    const disk = SmallDisk.mount(8);
    if (disk === null) this.skip(); // a small disk needs the right to mount one
    const scenario = await Scenario.begin(`sqlite:${disk.folder}/x.db`, node.url, { mode: 'realtime' });
    const run = scenario.run();
    await scenario.reaches(1);
    // What fails first is a commit: they come ten times as often as beats.
    disk.fill();
    await run.output(/heartbeat failed: task_id=1, error: .*full/, 30_000);
    const [before] = await scenario.tasks();
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    const [later] = await scenario.tasks();
    expect(later).to.include({ status: 0, last_heartbeat: before?.last_heartbeat });
    expect(later?.progress?.next_block).to.equal(before?.progress?.next_block);
    disk.makeRoom();
    clearInterval(mining);
    await scenario.reaches(node.head.number);
    run.signal('SIGTERM');
    expect((await run.exit(12_000)).code, run.stderr).to.equal(0);
    expect(await scenario.exported()).to.deep.equal(idsOf(node.canonicalLogs()));
    expect(await scenario.tasks()).to.have.length(1);
  });
});
