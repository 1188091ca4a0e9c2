import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { runChainparse, startChainparse } from '../support/processes.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { eventually } from '../support/within.js';
import { itAtLength } from '../support/extent.js';

interface DemoDocument {
  readonly ok: boolean;
  readonly seconds: number;
  readonly steps: readonly { step: string; ok: boolean; checks: readonly { text: string; ok: boolean }[] }[];
  readonly tasks: readonly { status_name: string; end_reason: string; pipeline_id: number }[];
}

/** An empty folder that the demo takes for the computer's own for temporary files. */
function emptyTmp(): string {
  const folder = join(temporaryFolder(), 'tmp');
  mkdirSync(folder);
  return folder;
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('chainparse demo', function () {
  this.timeout(120_000);

  it('tells the outcome of each step, and leaves nothing behind', async () => {
    const TMPDIR = emptyTmp();
    const { code, stdout, stderr } = await runChainparse(['demo', '--json'], { env: { TMPDIR }, timeoutMs: 110_000 });
    expect(stderr).to.equal('');
    const { ok, steps, tasks } = JSON.parse(stdout) as DemoDocument;
    expect(code).to.equal(0);
    expect(ok).to.equal(true);
    expect(steps.map(({ step }) => step)).to.deep.equal([
      ...['chain', 'database', 'pipeline', 'live', 'events', 'reorg', 'frozen', 'monitor', 'next-run', 'tasks'],
    ]);
    expect(steps.every((step) => step.ok && step.checks.length > 0)).to.equal(true);
    expect(tasks.map((task) => [task.pipeline_id, task.status_name, task.end_reason])).to.deep.equal([
      [46, 'succeeded', 'stopped'],
      [46, 'failed', 'timeout'],
      [45, 'succeeded', 'stopped'],
    ]);
    expect(readdirSync(TMPDIR).filter((name) => name.startsWith('chainparse-demo-'))).to.deep.equal([]);
  });

  it('cleans up after Ctrl-C, a frozen process included', async () => {
    const TMPDIR = emptyTmp();
    const demo = startChainparse(['demo', '--lang', 'zh'], { env: { TMPDIR } });
    const [, pid] = await demo.output(/kill -STOP (\d+)/, 60_000);
    expect(isRunning(Number(pid))).to.equal(true);
    demo.signal('SIGINT');
    const { code, stdout } = await demo.exit();
    expect(code).to.equal(130);
    expect(stdout).to.contain('一个冻结的任务').and.not.contain('✗');
    await eventually('the frozen process is gone', () => !isRunning(Number(pid)));
    expect(readdirSync(TMPDIR).filter((name) => name.startsWith('chainparse-demo-'))).to.deep.equal([]);
  });

  itAtLength('fails, and says why, when a part of it is killed', async () => {
    const TMPDIR = emptyTmp();
    const demo = startChainparse(['demo'], { env: { TMPDIR } });
    const [, pid] = await demo.output(/kill -STOP (\d+)/, 60_000);
    process.kill(Number(pid), 'SIGKILL');
    const { code, stderr } = await demo.exit(60_000);
    expect(code).to.equal(1);
    expect(stderr).to.match(/^error: the demo did not turn out as told: the frozen process woke up/);
    expect(readdirSync(TMPDIR).filter((name) => name.startsWith('chainparse-demo-'))).to.deep.equal([]);
  });

  it('says what was wrong with a command of its own and what to do, where SQLite was compiled for another Node', async () => {
    const TMPDIR = emptyTmp();
    const otherNode = join(TMPDIR, 'other-node.cjs');
    const said = 'better_sqlite3.node is of another NODE_MODULE_VERSION';
    writeFileSync(otherNode, `process.dlopen = () => { throw new Error('${said}'); };`);
    const env = { TMPDIR, NODE_OPTIONS: `--require=${otherNode}` };
    const { code, stderr } = await runChainparse(['demo'], { env, timeoutMs: 60_000 });
    expect(code).to.equal(1);
    const [what, hint] = stderr.split('\n');
    expect(what).to.match(/^error: chainparse migrate ended with exit code 1: the database sqlite:.*can't be opened/);
    expect(hint).to.match(/^hint: .*npm rebuild better-sqlite3/);
  });
});
