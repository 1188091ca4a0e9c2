import { expect } from 'chai';
import { ChainClient } from '../../../src/chain/blocks/chain-client.js';
import { MissingCode } from '../../../src/components/event-monitor/missing-code.js';
import { ChainSimulator } from '../../support/chain-simulator.js';
import { HastyClock, deadlineMs } from '../../support/hasty-clock.js';
import { MemoryLogger } from '../../support/memory-logger.js';
import { monitorConfig } from '../../support/monitor-run.js';
import { eventually } from '../../support/within.js';

const addresses = Array.from({ length: 7 }, (_, i) => `0x${`0${i}`.repeat(20)}`);

describe('contracts without code', () => {
  it('are looked for once, again where that was cut off, and five of many are named, those of factories included', async () => {
    const node = await ChainSimulator.start({}, { withoutCode: addresses });
    node.mine(3);
    const logger = new MemoryLogger();
    const parts = { clock: new HastyClock(), logger, requestTimeoutMs: deadlineMs };
    const chain = new ChainClient({ urls: [node.url], ...parts });
    const [root = '', ...others] = addresses;
    const event = monitorConfig.contracts[0]!.abi[0]!;
    const outer = { factory: [root], event, parameter: 'to', startBlock: 1 };
    const contracts = [{ addresses: others, abi: [event] }];
    const code = new MissingCode({ chainName: 'c', contracts, factory: { ...outer, factory: outer } });

    code.look(chain, 3, logger, AbortSignal.abort(new Error('the run has ended')));
    await eventually('five are found', () => {
      code.look(chain, 3, logger, new AbortController().signal);
      return code.found.length > 0;
    });
    code.look(chain, 3, logger, new AbortController().signal);
    await chain.header(3, new AbortController().signal);

    expect(code.found).to.have.length(5).and.to.include(others[0]);
    expect(logger.messages('warn').join()).to.match(
      /^no contract on c at (0x\w+, ){4}0x\w+ and 2 more, as of block 3: /,
    );
    expect(node.requests.flat().filter((method) => method === 'eth_getCode')).to.have.length(7);
    await chain.close();
    await node.stop();
  });
});
