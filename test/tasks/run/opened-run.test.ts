import { expect } from 'chai';
import type { Task } from '../../../src/model/task.js';
import type { Logger } from '../../../src/runtime/logger.js';
import { SecretMask } from '../../../src/runtime/secrets.js';
import { OpenedRun } from '../../../src/tasks/run/opened-run.js';
import type { RunHost } from '../../../src/tasks/host/run-host.js';
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
});
