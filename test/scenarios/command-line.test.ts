import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { projectRoot, runChainparse, runsFromSource } from '../support/processes.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const program = `${projectRoot}/bin/chainparse.js`;

/** Returns how many bytes of code a run of the program loads, beside what Node itself is made of. */
async function loadedBytes(...args: readonly string[]): Promise<number> {
  const folder = temporaryFolder();
  const child = spawnSync(process.execPath, [program, ...args], { env: { ...process.env, NODE_V8_COVERAGE: folder } });
  expect(child.status).to.equal(0);
  const [report = ''] = await readdir(folder);
  const { result } = JSON.parse(await readFile(join(folder, report), 'utf8')) as { result: { url: string }[] };
  const files = result.map(({ url }) => url).filter((url) => url.startsWith('file:'));
  const sizes = await Promise.all(files.map(async (url) => (await stat(new URL(url))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

describe('the chainparse program', () => {
  it('exits with the code of the command', async () => {
    const wrong = await runChainparse(['config', '--lang', 'fr']);
    expect(wrong.code).to.equal(2);
    expect((await runChainparse(['config'])).code).to.equal(0);
  });

  // What that is in time, beside a start of Node, `npm run bench -- start` tells: it depends on the machine, and on what else it does.
  it('loads for --help no more than its words take, and what a command needs once that is run', async function () {
    if (runsFromSource) this.skip(); // what is compiled at each start is not what users start
    this.timeout(60_000);
    expect(await loadedBytes('--help')).to.be.below(200_000);
    expect(await loadedBytes('completion', 'bash')).to.be.above(300_000);
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
