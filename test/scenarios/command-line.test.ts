import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import { projectRoot, runChainparse, runsFromSource } from '../support/processes.js';

const program = `${projectRoot}/bin/chainparse.js`;

/** Returns how long one run of node takes, in milliseconds. */
function runMs(args: readonly string[]): number {
  const begin = performance.now();
  expect(spawnSync(process.execPath, args).status).to.equal(0);
  return performance.now() - begin;
}

describe('the chainparse program', () => {
  it('exits with the code of the command', async () => {
    const wrong = await runChainparse(['config', '--lang', 'fr']);
    expect(wrong.code).to.equal(2);
    expect((await runChainparse(['config'])).code).to.equal(0);
  });

  it('takes less than twice as long for --help as node for nothing', function () {
    if (runsFromSource) this.skip(); // what is compiled at each start is not what users start
    this.timeout(180_000);
    // The shortest run of each is the one that the rest of the machine disturbed least: a busy one needs more of them.
    const patienceEnd = performance.now() + 120_000;
    let [nothing, help] = [Infinity, Infinity];
    for (let round = 0; round < 12 || (help >= 2 * nothing && performance.now() < patienceEnd); round++) {
      nothing = Math.min(nothing, runMs(['-e', '0']));
      help = Math.min(help, runMs([program, '--help']));
    }
    expect(help).to.be.below(2 * nothing);
  });

  it('ends quietly when its reader leaves', async function () {
    if (runsFromSource) this.skip(); // what is compiled at each start is not what users start
    const child = spawn(process.execPath, [program, 'completion', 'bash'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number];
    expect([code, stderr]).to.deep.equal([0, '']);
  });
});
