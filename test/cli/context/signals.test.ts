import { expect } from 'chai';
import { Signals } from '../../../src/cli/context/signals.js';
import { FakeClock } from '../../support/fake-clock.js';
import { FakeIo } from '../fake-io.js';

function setUp(graceful: boolean): { io: FakeIo; clock: FakeClock; signals: Signals } {
  const io = new FakeIo();
  const clock = new FakeClock();
  return { io, clock, signals: new Signals({ io, clock, graceful }) };
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
});
