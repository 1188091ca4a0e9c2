import { expect } from 'chai';
import type { WatchEndpoints } from '../../../src/chain/chains.js';
import { Portals } from '../../../src/chain/portal/portals.js';
import type { Task } from '../../../src/model/task.js';
import type { Logger } from '../../../src/runtime/logger.js';
import { SecretMask } from '../../../src/runtime/secrets.js';
import { OpenedRun } from '../../../src/tasks/run/opened-run.js';
import type { PreparedRun } from '../../../src/tasks/run/prepare-run.js';
import type { RunHost } from '../../../src/tasks/host/run-host.js';
import { FakeClock } from '../../support/fake-clock.js';
import { MemoryLogger } from '../../support/memory-logger.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

describe('OpenedRun', () => {
  it('has lines of progress name their task and pipeline, for a worker tells of many', async () => {
    const logger = new MemoryLogger();
    let shown: Logger | undefined;
    const host = {
      ...{ cwd: temporaryFolder(), logger, secrets: new SecretMask() },
      settings: { logDir: 'logs', logLevel: 'info' },
      showProgress: (taskId: number, log: Logger) => {
        expect(taskId).to.equal(7);
        shown = log;
        return { update: () => undefined, end: () => undefined };
      },
    };
    const run = new OpenedRun(host as unknown as RunHost);
    await run.openLog({ id: 7, pipelineId: 45, logPath: null } as Task);
    shown?.log('info', 'block 5', { event: 'task.progress', events: 0 });
    await run.close();
    const fields = { event: 'task.progress', events: 0, task_id: 7, pipeline_id: 45 };
    expect(logger.entries).to.deep.equal([{ level: 'info', message: 'block 5', fields }]);
  });

  it('reports its portal among the endpoints of its chain where it has no others, as long as it is open', async () => {
    const clock = new FakeClock();
    const watched: string[] = [];
    const watch: WatchEndpoints = (chainId, health) => {
      watched.push(`${chainId}: ${health()[0]?.name ?? ''}`);
      return () => Promise.resolve(void watched.push('end'));
    };
    const settings = { portalUrl: 'http://sqd.example/key' };
    const open = (run: object): ReturnType<OpenedRun['openPortal']> =>
      opened.openPortal(new Portals(clock), run as PreparedRun, watch);
    const opened = new OpenedRun({ clock, settings, logger: new MemoryLogger() } as unknown as RunHost);
    const source = { readsPortal: true, chain: { id: 137, name: 'polygon' } };
    expect(open({ source: { ...source, readsPortal: false }, urls: [] })).to.deep.equal({ portal: null });
    expect(open({ source, urls: ['http://node.example'] })).to.have.keys('portal');
    expect(watched).to.deep.equal([]);
    expect(open({ source, urls: [] })).to.have.keys('portal', 'portalHealth');
    expect(watched).to.deep.equal(['137: portal sqd.example']);
    await opened.close();
    await opened.close();
    expect(watched).to.deep.equal(['137: portal sqd.example', 'end']);
  });
});
