import { join } from 'node:path';
import { expect } from 'chai';
import { warnAfterFresh } from '../../../src/cli/running/warn-of-old-rows.js';
import type { CommandContext } from '../../../src/cli/context/context.js';
import { openDatabase } from '../../../src/database/open/open-database.js';
import type { TaskResult } from '../../../src/tasks/run/task-options.js';
import { ChainSimulator } from '../../support/chain-simulator.js';
import { MemoryLogger } from '../../support/memory-logger.js';
import { Scenario } from '../../support/scenario.js';

describe('rows of earlier runs, where a run begins anew', () => {
  let node: ChainSimulator;
  let scenario: Scenario;

  before(async () => {
    node = await ChainSimulator.start({}, { finalizedDistance: 2 });
    node.mine(10);
    scenario = await Scenario.begin('sqlite:x.db', node.url, { mode: 'historical', startBlock: 1, endBlock: 8 });
  });

  after(() => node.stop());

  it('are told of before it begins, and not where there are none', async () => {
    const first = await scenario.run('--fresh').exit();
    expect(first.stderr).not.to.contain('begins anew');
    const again = await scenario.run('--fresh').exit();
    expect(again.stderr).to.contain(
      '--fresh begins anew: events of earlier runs, up to block 8, stay and are listed; of the blocks that it reads again they are replaced',
    );
  });

  it('are told of once it was stopped below them, and not where it came so far', async () => {
    const logger = new MemoryLogger();
    const parts = { logger, settings: { lang: 'en' } as CommandContext['settings'] };
    const database = await openDatabase(`sqlite:${join(scenario.folder, 'x.db')}`);
    const ended = (endReason: string, nextBlock: number): TaskResult =>
      ({ task: { pipelineId: 45, endReason }, progress: { nextBlock } }) as TaskResult;
    await warnAfterFresh(parts, database, ended('stopped', 9));
    await warnAfterFresh(parts, database, ended('completed', 4));
    expect(logger.lines).to.deep.equal([]);
    await warnAfterFresh(parts, database, ended('stopped', 4));
    expect(logger.lines).to.deep.equal([
      'warn: it was stopped before block 4: events from there up to block 8 are those of earlier runs, listed until a next run has read their blocks again',
    ]);
    await database.close();
  });
});
