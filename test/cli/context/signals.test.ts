import { expect } from 'chai';
import { Signals, stopCode } from '../../../src/cli/context/signals.js';
import { FakeClock } from '../../support/fake-clock.js';
import { MemoryLogger } from '../../support/memory-logger.js';
import { FakeIo } from '../fake-io.js';

function setUp(graceful: boolean, terminal = false) {
  const io = new FakeIo({ terminal });
  const clock = new FakeClock();
  const logger = new MemoryLogger();
  return { io, clock, logger, signals: new Signals({ io, clock, logger, lang: 'en', graceful }) };
}

describe('Signals', () => {
  it('asks a graceful command to end at the first signal and ends the process at the second', () => {
    const { io, signals } = setUp(true);
    io.signal('SIGTERM');
    expect(signals.stopping.aborted).to.equal(true);
    expect((signals.stopping.reason as Error).message).to.equal('stopped by SIGTERM');
    expect(io.exits).to.deep.equal([]);
    io.signal('SIGINT');
    expect(io.exits).to.deep.equal([130]);
  });

  it('takes the same signal that comes at once behind the first, as GNU timeout sends it, for the same wish', async () => {
    const { io, clock } = setUp(true);
    io.signal('SIGTERM');
    await clock.advance(24);
    io.signal('SIGTERM');
    expect(io.exits).to.deep.equal([]);
    await clock.advance(1);
    io.signal('SIGTERM');
    expect(io.exits).to.deep.equal([143]);
  });

  it('cuts any other command short at the first signal', () => {
    const { io } = setUp(false);
    io.signal('SIGTERM');
    expect(io.exits).to.deep.equal([143]);
  });

  it('ends a command that has not ended 9.5 seconds after it was asked to', async () => {
    const { io, clock } = setUp(true);
    io.signal('SIGINT');
    await clock.advance(9_499);
    expect(io.exits).to.deep.equal([]);
    await clock.advance(1);
    expect(io.exits).to.deep.equal([130]);
  });

  it('leaves a command alone that ended in time', async () => {
    const { io, clock, signals } = setUp(true);
    io.signal('SIGINT');
    signals.dispose();
    await clock.advance(20_000);
    expect(io.exits).to.deep.equal([]);
    expect(io.signal('SIGINT')).to.equal(false);
  });

  it('asks a graceful command to end when its terminal closes, however often that is told', async () => {
    const { io, clock, logger, signals } = setUp(true, true);
    io.signal('SIGHUP');
    io.signal('SIGHUP');
    expect((signals.stopping.reason as Error).message).to.equal('stopped by SIGHUP');
    expect(stopCode(signals.stopping)).to.equal(143);
    expect([io.exits, logger.lines]).to.deep.equal([[], []]);
    await clock.advance(9_500);
    expect(io.exits).to.deep.equal([143]);
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`takes the first ${signal} behind a closed terminal for the same wish, and the second for haste`, () => {
      const { io, signals } = setUp(true, true);
      io.signal('SIGHUP');
      io.signal(signal);
      expect([io.exits, stopCode(signals.stopping)]).to.deep.equal([[], 143]);
      io.signal('SIGTERM');
      expect(io.exits).to.deep.equal([143]);
    });
  }

  it('cuts any other command short when its terminal closes', () => {
    const { io } = setUp(false, true);
    io.signal('SIGHUP');
    expect(io.exits).to.deep.equal([143]);
  });

  for (const graceful of [true, false]) {
    it(`has a ${graceful ? 'graceful' : 'short'} command without a terminal go on at SIGHUP, and say so`, () => {
      const { io, logger, signals } = setUp(graceful);
      expect(io.signal('SIGHUP')).to.equal(true);
      expect(signals.stopping.aborted).to.equal(false);
      expect(io.exits).to.deep.equal([]);
      expect(logger.lines).to.deep.equal([
        'info: SIGHUP is ignored: no terminal was there to close; SIGTERM ends this process in order',
      ]);
    });
  }
});
