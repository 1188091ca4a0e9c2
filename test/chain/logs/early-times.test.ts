import { expect } from 'chai';
import type { ChainClient } from '../../../src/chain/blocks/chain-client.js';
import { EarlyTimes } from '../../../src/chain/logs/early-times.js';
import type { Call } from '../../../src/runtime/call.js';
import { settle } from '../../support/fake-clock.js';

describe('times that are asked for beside logs', () => {
  it('are given up where they are not wanted any more', async () => {
    const calls: Call[] = [];
    const chain = {
      isNew: () => false,
      times: (_numbers: readonly number[], call: Call) => {
        calls.push(call);
        return new Promise(() => undefined);
      },
    };
    const early = new EarlyTimes(chain as unknown as ChainClient);
    early.learn({ from: 1, to: 10 }, 9);
    // A block that was read by itself says nothing of them.
    early.learn({ from: 10, to: 10 }, 0);
    const ahead = early.ahead(new AbortController().signal);
    ahead.begin({ from: 11, to: 20 });
    await settle();
    expect(calls.map(({ signal }) => signal.aborted)).to.deep.equal([false]);
    ahead.end();
    expect(calls.map(({ signal }) => signal.aborted)).to.deep.equal([true]);
  });
});
