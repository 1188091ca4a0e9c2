import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import { projectRoot, runChainparse, runsFromSource } from '../support/processes.js';

const program = `${projectRoot}/bin/chainparse.js`;

/** Returns the shortest of some runs of node, in milliseconds: the one that the rest of the machine disturbed least. */
function shortestRunMs(args: readonly string[], runs: number): number {
  const durations = Array.from({ length: runs }, () => {
    const begin = performance.now();
    expect(spawnSync(process.execPath, args).status).to.equal(0);
    return performance.now() - begin;
  });
  return Math.min(...durations);
}

describe('the chainparse program', () => {
  it('exits with the code of the command', async () => {
    const wrong = await runChainparse(['config', '--lang', 'fr']);
    expect(wrong.code).to.equal(2);
    expect((await runChainparse(['config'])).code).to.equal(0);
  });

  it('takes less than twice as long for --help as node for nothing', function () {
    if (runsFromSource) this.skip();
    expect(shortestRunMs([program, '--help'], 12)).to.be.below(2 * shortestRunMs(['-e', '0'], 12));
  });

  it('ends quietly when its reader leaves', async function () {
    if (runsFromSource) this.skip();
    const child = spawn(process.execPath, [program, 'completion', 'bash'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number];
    expect([code, stderr]).to.deep.equal([0, '']);
  });
});
