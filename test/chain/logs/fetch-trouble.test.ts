import { expect } from 'chai';
import { FetchTrouble } from '../../../src/chain/logs/fetch-trouble.js';
import { RangeSize } from '../../../src/chain/logs/range-size.js';
import { RpcError } from '../../../src/chain/transport/errors/rpc-error.js';
import type { RpcErrorClass } from '../../../src/chain/transport/errors/rpc-error.js';
import { silentLogger } from '../../../src/runtime/logger.js';
import { FakeClock } from '../../support/fake-clock.js';

const range = { from: 11, to: 20 };

describe('what is waited for before a range that failed is asked for again', () => {
  /** Returns how long each of so many failures in a row is waited for, in milliseconds, while other ranges are answered or not. */
  const waits = async (failures: number, kind: RpcErrorClass, isAnswering: boolean): Promise<readonly number[]> => {
    const clock = new FakeClock();
    const size = new RangeSize(10);
    const trouble = new FetchTrouble(clock, silentLogger, size, 0);
    const waited: number[] = [];
    for (let failed = 0; failed < failures; failed++) {
      if (isAnswering) size.answered({ range: { from: 1, to: 10 }, logs: 0, endpoint: 'node' });
      const since = clock.monotonic();
      const borne = trouble.bear(
        range,
        new RpcError('no', { class: kind, host: 'node' }),
        new AbortController().signal,
      );
      await clock.advance(0);
      await clock.advance(clock.nextWakeMs ?? 0);
      await borne;
      waited.push(clock.monotonic() - since);
    }
    return waited;
  };

  it('is little where others are answered meanwhile: it was bad luck', async () => {
    for (const kind of ['transport', 'internal', 'unknown'] as const) {
      for (const ms of await waits(4, kind, true)) expect(ms, kind).to.be.within(1, 50);
    }
  });

  it('is more and more where it goes on failing all the same', async () => {
    const [fifth, sixth] = (await waits(6, 'internal', true)).slice(4);
    expect(fifth).to.be.at.least(1_600);
    expect(sixth).to.be.at.least(2_000);
  });

  it('is more and more from the first on where nobody is answered', async () => {
    const waited = await waits(4, 'internal', false);
    for (const [before, ms] of waited.entries()) expect(ms).to.be.at.least(100 * 2 ** before);
  });

  it('is as long as ever where the node has not got the blocks yet', async () => {
    const waited = await waits(3, 'lag', true);
    for (const [before, ms] of waited.entries()) expect(ms).to.be.at.least(100 * 2 ** before);
  });
});
