import { expect } from 'chai';
import { ChainSimulator } from '../support/chain-simulator.js';
import type { Child } from '../support/child.js';
import { eachDatabase, eachDatabaseInTurn } from '../support/databases.js';
import { idsOf, Scenario } from '../support/scenario.js';
import { extentOf } from '../support/extent.js';

/** How many runs are frozen per database. */
const freezes = extentOf({ sample: 2, full: 5, soak: 100 });

/** Three beats of 0.3 s; the database tells ages in whole seconds, so a task is surely silent after two. */
const interval = ['--heartbeat-interval', '0.3'];

async function sleep(durationMs: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, durationMs));
}

eachDatabase('a run that is frozen at a random moment (SIGSTOP), its transaction included', (database) => {
  let node: ChainSimulator;

  before(async () => {
    // Small answers that let wait: a run must be busy for longer than it takes until it is frozen.
    node = await ChainSimulator.start({ delayMs: 12 }, { finalizedDistance: 20, maxRange: 4 });
    node.mine(4_000, (number) => Array.from({ length: number % 9 }, () => ({})));
  });

  after(() => node.stop());

  it(`is replaced within seconds, writes nothing more and exits 4, ${freezes} times`, async function () {
    this.timeout(freezes * 15_000 + 90_000);
    const source = { mode: 'historical', endBlock: 4_000, batchSize: 4 } as const;
    const scenario = await Scenario.begin(await database.fresh(), node.url, source);
    const takeOvers: number[] = [];
    let current = scenario.run(...interval);
    for (let frozen = 0; frozen < freezes; frozen++) {
      const next = await freezeAndReplace(scenario, current, takeOvers);
      current.signal('SIGCONT');
      const zombie = await current.exit();
      expect([zombie.code, zombie.signal], zombie.stderr).to.deep.equal([4, null]);
      expect(zombie.stderr).to.match(/lost its lease on pipeline 45 \(taken_over/);
      current = next;
    }
    const last = await current.exit(120_000);
    expect(last.code, last.stderr).to.equal(0);
    expect(await scenario.exported()).to.deep.equal(idsOf(node.canonicalLogs(0, 4_000)));
    // Starting a program takes seconds where other tests do, too.
    expect(Math.max(...takeOvers), 'the longest take-over, in milliseconds').to.be.below(15_000);
  });

  /** Freezes a busy run, waits out its three beats and starts another, which reads all again. */
  async function freezeAndReplace(scenario: Scenario, busy: Child, takeOvers: number[]): Promise<Child> {
    await busy.output(/runs pipeline 45/);
    await sleep(Math.random() * 1_000);
    busy.signal('SIGSTOP');
    await sleep(2_500);
    const startedAt = performance.now();
    const next = scenario.run(...interval, '--fresh');
    await next.output(/runs pipeline 45/);
    takeOvers.push(performance.now() - startedAt);
    return next;
  }
});

eachDatabaseInTurn('a run whose lease is asked for', (database) => {
  let node: ChainSimulator;

  before(async () => {
    node = await ChainSimulator.start({}, { finalizedDistance: 5 });
    node.mine(10);
  });

  after(() => node.stop());

  it('keeps it while it beats, gives it up to --take-over, and frees it at its end', async () => {
    const scenario = await Scenario.begin(await database.fresh(), node.url, { mode: 'realtime' });
    const first = scenario.run();
    await first.output(/runs pipeline 45/);
    const refused = await scenario.run().exit();
    expect(refused.code).to.equal(4);
    expect(refused.stderr).to.match(
      /error: pipeline 45 is held by task 1 on \S+:\d+, running since 20\S+, (last|no) heartbeat/,
    );
    const second = scenario.run('--take-over');
    await second.output(/runs pipeline 45/);
    expect((await first.exit()).code).to.equal(4);
    second.signal('SIGTERM');
    expect((await second.exit(10_000)).code).to.equal(0);
    expect((await scenario.tasks()).map(({ status, end_reason }) => [status, end_reason])).to.deep.equal([
      [1, 'stopped'],
      [2, 'taken_over'],
    ]);
  });

  it('ends with 0 when a person cancels its task', async () => {
    const scenario = await Scenario.begin(await database.fresh(), node.url, { mode: 'realtime' });
    const run = scenario.run();
    await run.output(/runs pipeline 45/);
    await scenario.chainparse('tasks', 'cancel', '1');
    const ended = await run.exit();
    expect(ended.code, ended.stderr).to.equal(0);
    expect((await scenario.tasks())[0]).to.include({ status: 1, end_reason: 'stopped' });
  });
});

describe('a run whose node never answers', () => {
  it('beats until --stall-after, then falls silent', async function () {
    this.timeout(30_000);
    const node = await ChainSimulator.start({
      fault: (calls) => (calls[0]?.method === 'eth_chainId' ? undefined : { kind: 'hang' }),
    });
    const { temporaryFolder } = await import('../support/temporary-folder.js');
    const scenario = await Scenario.begin(`sqlite:${temporaryFolder()}/x.db`, node.url, { mode: 'realtime' });
    const run = scenario.run('--stall-after', '3', '--log-level', 'debug');
    await run.output(/stops beating/);
    const beats = (run.stderr.match(/heartbeat: task_id=1/g) ?? []).length;
    expect(beats).to.be.within(2, 5);
    const [before] = await scenario.tasks();
    await sleep(2_500);
    const [later] = await scenario.tasks();
    expect(later?.last_heartbeat).to.equal(before?.last_heartbeat);
    expect(later?.status).to.equal(0);
    run.signal('SIGTERM');
    expect((await run.exit(10_000)).code).to.equal(0);
    await node.stop();
  });
});
