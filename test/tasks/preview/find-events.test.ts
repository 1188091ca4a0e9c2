import { expect } from 'chai';
import { ChainClient } from '../../../src/chain/blocks/chain-client.js';
import { sourceOf } from '../../../src/components/source-of.js';
import { ChainUnreachableError, UsageError } from '../../../src/runtime/errors.js';
import { silentLogger } from '../../../src/runtime/logger.js';
import { findEvents, type WantedEvents } from '../../../src/tasks/preview/find-events.js';
import { ChainSimulator } from '../../support/chain-simulator.js';
import { HastyClock, deadlineMs } from '../../support/hasty-clock.js';
import { monitorConfig } from '../../support/monitor-run.js';
import { rejectionOf } from '../../support/rejection.js';

describe('the events that a preview looks for on the chain', () => {
  let node: ChainSimulator;
  let client: ChainClient;

  beforeEach(async () => {
    node = await ChainSimulator.start();
    node.mine(20);
    const clock = new HastyClock();
    const options = { chainId: 31_337, clock, logger: silentLogger, requestTimeoutMs: deadlineMs };
    client = new ChainClient({ urls: [node.url], ...options });
  });
  afterEach(async () => {
    await client.close();
    await node.stop();
  });

  const find = (wanted: WantedEvents): Promise<readonly string[]> => {
    const components = [{ name: 'transfers', type: 'event_monitor', config: { ...monitorConfig } }];
    const source = sourceOf({ id: 0, components });
    const parts = { clock: new HastyClock(), logger: silentLogger, signal: new AbortController().signal };
    return findEvents(wanted, null, { pipelineId: 0, source, chain: () => client, ...parts });
  };

  it('are those of a block, or the last ones', async () => {
    expect(await find({ block: 5 })).to.have.length(1);
    expect(await find({ last: 3 })).to.have.length(3);
    expect((await rejectionOf(find({ block: 21 }), UsageError)).message).to.equal(
      'block 21 is not there yet: the chain is at 20',
    );
  });

  it('are unknown, not none, where the node knows no block at all', async () => {
    const error = { code: -32_000, message: 'header not found' };
    node.options = { fault: () => ({ kind: 'call-error', method: 'eth_getBlockByNumber', error }) };
    for (const wanted of [{ block: 5 }, { last: 3 }]) {
      const failure = await rejectionOf(find(wanted), ChainUnreachableError);
      expect(failure).to.include({ exitCode: 6 });
      expect(failure.message).to.contain('the node does not know any block: header not found');
    }
  });
});
