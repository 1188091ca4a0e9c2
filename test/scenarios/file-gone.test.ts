import { expect } from 'chai';
import Sqlite from 'better-sqlite3';
import { randomBytes } from 'node:crypto';
import { copyFileSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { ChainSimulator } from '../support/chain-simulator.js';
import type { Child } from '../support/child.js';
import { runChainparse } from '../support/processes.js';
import { Scenario } from '../support/scenario.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { endGently, quickMonitor, whenRunning } from '../support/watched-runs.js';
import { playedOf } from '../support/extent.js';

/** What may happen to a file, and what must be told. */
const accidents: readonly { name: string; befall: (path: string) => Promise<void> | void; told: RegExp }[] = [
  { name: 'is deleted', befall: (path) => rmSync(path), told: /database file .*x\.db was deleted while/ },
  {
    name: 'is replaced by another',
    befall: async (path) => renameSync(await otherDatabase(), path),
    told: /database file .*x\.db was replaced while/,
  },
  {
    name: 'is cut short',
    befall: (path) => truncateSync(path, 8_192),
    told: /was cut short|was overwritten|malformed/,
  },
  { name: 'is emptied', befall: (path) => truncateSync(path, 0), told: /was cut short|was overwritten|malformed/ },
  {
    name: 'is overwritten with garbage',
    befall: (path) => writeFileSync(path, randomBytes(statSync(path).size), { flag: 'r+' }),
    told: /was overwritten while|malformed|not a database/,
  },
  {
    name: 'gets another database copied over it',
    befall: async (path) => copyFileSync(await otherDatabase(), path),
    told: /was overwritten|was cut short|malformed/,
  },
  { name: 'loses its log', befall: (path) => rmSync(`${path}-wal`), told: /lost its -wal file, which was deleted/ },
  { name: 'loses its index', befall: (path) => rmSync(`${path}-shm`), told: /lost its -shm file, which was deleted/ },
];

/** Migrated by itself: a copy of one that was migrated before has the same id as other copies. */
async function otherDatabase(): Promise<string> {
  const path = `${temporaryFolder()}/other.db`;
  const { code } = await runChainparse(['migrate'], { env: { CHAINPARSE_DATABASE_URL: `sqlite:${path}` } });
  expect(code).to.equal(0);
  return path;
}

async function refuses(process: Child, told: RegExp): Promise<void> {
  const { code, stderr, stdout } = await process.exit(20_000);
  expect(code, stderr).to.equal(5);
  const error = /^error: .*$/m.exec(stderr)?.[0] ?? stderr;
  expect(error).to.match(told);
  expect(stderr).to.match(/^hint: /m);
  expect(stdout).not.to.match(/succeeded/);
}

describe('a SQLite file under those who use it', () => {
  let node: ChainSimulator;
  let mining: NodeJS.Timeout;
  let scenario: Scenario;
  let path: string;

  before(async () => {
    node = await ChainSimulator.start({}, { finalizedDistance: 20 });
    mining = setInterval(() => node.mine(1, () => Array.from({ length: 5 }, () => ({}))), 200);
  });
  beforeEach(async function () {
    this.timeout(30_000);
    path = `${temporaryFolder()}/x.db`;
    scenario = await Scenario.begin(`sqlite:${path}`, node.url, { mode: 'realtime' });
  });
  after(async () => {
    clearInterval(mining);
    await node.stop();
  });

  for (const { name, befall, told } of playedOf(accidents, 4)) {
    it(`${name}: the run and the monitor end with exit code 5 and say so`, async function () {
      this.timeout(90_000);
      const run = scenario.run();
      const monitor = scenario.start(...quickMonitor);
      await whenRunning([run]);
      await monitor.output(/timeout check: 1 running/);
      await befall(path);
      await Promise.all([refuses(run, told), refuses(monitor, told)]);
    });
  }

  it('is deleted: a worker and serve, which nobody asks for anything, end with exit code 5', async function () {
    this.timeout(60_000);
    const worker = scenario.start('worker');
    const serve = scenario.start('serve', '--port', '0');
    await worker.output(/runs queued tasks/);
    await serve.output(/listens on/);
    rmSync(path);
    await Promise.all([refuses(worker, /was deleted while/), refuses(serve, /was deleted while/)]);
  });

  it('is made smaller by VACUUM: nobody minds', async function () {
    this.timeout(60_000);
    const file = new Sqlite(path);
    file.exec(`CREATE TABLE ballast AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
      SELECT printf('%.1000c', 'x') AS text FROM n`);
    file.pragma('wal_checkpoint(TRUNCATE)');
    const run = scenario.run();
    const monitor = scenario.start(...quickMonitor);
    await whenRunning([run]);
    await monitor.output(/timeout check: 1 running/);
    const before = statSync(path).size;
    file.exec('DROP TABLE ballast; VACUUM');
    file.pragma('wal_checkpoint(TRUNCATE)');
    expect(statSync(path).size).to.be.lessThan(before / 2);
    // Long enough for several looks.
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    file.close();
    await endGently([run, monitor]);
  });
});
