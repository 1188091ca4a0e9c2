import { expect } from 'chai';
import { printRunResult } from '../../../src/cli/running/print-run-result.js';
import { Output } from '../../../src/cli/terminal/output.js';
import type { Progress } from '../../../src/model/task.js';
import { SecretMask } from '../../../src/runtime/secrets.js';
import { silentTask } from '../../tasks/monitor/monitor-fixture.js';
import { FakeStream } from '../fake-io.js';

describe('what a run has done, in a line', () => {
  it('has all its events, and a rate of those alone that it has read itself', async () => {
    const stdout = new FakeStream(false);
    const options = { json: false, quiet: false, color: false, lang: 'en', secrets: new SecretMask() } as const;
    const output = new Output({ stdout, note: () => undefined, ...options });
    const blocks = { nextBlock: 91, targetBlock: 90, headBlock: 90 };
    const progress: Progress = { mode: 'historical', ...blocks, events: 1_000, joined: 900 };
    await printRunResult(output, { task: { ...silentTask, endReason: 'completed' }, progress }, 2_000);
    expect(stdout.text).to.equal(
      `task ${silentTask.id} of pipeline ${silentTask.pipelineId} completed: 1000 events in 2 s (50/s), next block 91\n`,
    );
  });
});
