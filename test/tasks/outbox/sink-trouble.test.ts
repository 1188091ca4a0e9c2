import { expect } from 'chai';
import { ReceiverAwayError } from '../../../src/components/seam/delivery-errors.js';
import type { SinkRow } from '../../../src/tasks/outbox/sink-row.js';
import { SinkTrouble } from '../../../src/tasks/outbox/sink-trouble.js';
import { FakeClock } from '../../support/fake-clock.js';
import { MemoryLogger } from '../../support/memory-logger.js';

describe('the trouble of a sink', () => {
  const logger = new MemoryLogger();
  const written: unknown[] = [];
  const row = {
    write: (what: unknown) => {
      written.push(what);
      return Promise.resolve();
    },
  };
  const parts = {
    ...{ guard: { pipelineId: 45 }, clock: new FakeClock(), logger, mask: (text: string) => text },
    standingOf: () => undefined,
  };
  const trouble = new SinkTrouble('hook', row as unknown as SinkRow, parts);

  it('is told with what a person can do about it', async () => {
    await trouble.bear(new ReceiverAwayError('it leads inside', { hint: 'write allow_private: true' }));
    expect(written).to.deep.equal([{ error: 'it leads inside (write allow_private: true)' }]);
    expect(logger.messages('warn')).to.deep.equal([
      'sink hook can’t deliver: it leads inside (write allow_private: true)',
    ]);
  });

  it('is cut where it is long, and what to do about it is not', async () => {
    const sql = 'ALTER TABLE t ADD COLUMN c int; '.repeat(500);
    await trouble.bear(new ReceiverAwayError('x'.repeat(9_000), { hint: sql }));
    expect(written.at(-1)).to.deep.equal({ error: `${'x'.repeat(2_000)} (${sql})` });
  });

  it('lasts as long as the receiver asks, a quarter of a second at least and an hour at most, and else a minute at most', async () => {
    const waitFor = (retryAfterMs?: number): Promise<number> =>
      trouble.bear(new ReceiverAwayError('429', { retryAfterMs }));
    expect([await waitFor(600_000), await waitFor(1e9), await waitFor(1)]).to.deep.equal([600_000, 3_600_000, 250]);
    // Who says that it is to be asked at once, or gives a time that is past, is asked less and less often.
    for (let i = 0; i < 12; i++) expect(await waitFor(0)).to.be.within(125, 60_000);
    expect(await waitFor(0)).to.be.at.least(30_000);
    for (let i = 0; i < 12; i++) expect(await waitFor()).to.be.at.most(60_000);
  });
});
