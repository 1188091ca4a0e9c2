import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { run } from '../../../src/cli/main.js';
import { openMigrated } from '../../support/migrated-database.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { eventually } from '../../support/within.js';
import { FakeIo } from '../fake-io.js';
import { runIn } from '../run-in.js';

describe('chainparse serve', () => {
  let folder: string;
  let database: string;

  before(async () => {
    folder = temporaryFolder();
    database = `sqlite:${folder}/chainparse.db`;
    await (await openMigrated(database)).close();
  });

  it('listens on the network only with a token, or when told that it is insecure', async () => {
    const { code, stderr } = await runIn(folder, 'serve', '--host', '0.0.0.0');
    expect(code).to.equal(2);
    expect(stderr).to.match(/^error: 0\.0\.0\.0 is reached from other computers, and no token is set/);
    expect(stderr).to.match(/hint: set CHAINPARSE_API_TOKEN/);
  });

  it('ends with 5 where the database is not migrated', async () => {
    const none = `sqlite:${temporaryFolder()}/none.db`;
    expect((await runIn(folder, 'serve', '--database', none)).code).to.equal(5);
  });

  it('says that its port is taken', async () => {
    const server: Server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const { code, stderr } = await runIn(folder, 'serve', '--database', database, '--port', String(port));
    server.close();
    expect(code).to.equal(1);
    expect(stderr).to.contain(`127.0.0.1:${port} is taken by another process`);
  });

  for (const [flag, value] of [
    ['--port', '65536'],
    ['--port', 'x'],
    ['--host', 'a b'],
  ] as const) {
    it(`refuses ${flag} ${value}`, async () => {
      expect((await runIn(folder, 'serve', flag, value)).code).to.equal(2);
    });
  }

  it('prints where it listens, answers, and ends in order', async () => {
    const io = new FakeIo({ cwd: folder, env: { CHAINPARSE_API_TOKEN: 'tiny-one' } });
    const ended = run(['serve', '--database', database, '--port', '0', '--json'], io);
    try {
      await eventually('it listens', () => Promise.resolve(io.stdout.text.includes('url')));
      const { url } = JSON.parse(io.stdout.text) as { url: string };
      expect((await fetch(`${url}/healthz`)).status).to.equal(200);
      expect((await fetch(`${url}/api/v1/pipeline/tasks`)).status).to.equal(401);
      expect(io.stderr.text).to.contain('shorter than 16 characters');
    } finally {
      io.signal('SIGTERM');
    }
    expect(await ended).to.equal(0);
  });

  it('shows no token among the settings', async () => {
    const io = new FakeIo({ cwd: folder, env: { CHAINPARSE_API_TOKEN: 'a-token-of-the-test' } });
    await run(['config', '--json'], io);
    const { settings } = JSON.parse(io.stdout.text) as { settings: { setting: string; value: string }[] };
    expect(settings.find(({ setting }) => setting === 'api.token')?.value).to.equal('***');
    expect(io.stdout.text).not.to.contain('a-token-of-the-test');
  });
});
