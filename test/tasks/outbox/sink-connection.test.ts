import { expect } from 'chai';
import type { SinkContext } from '../../../src/components/seam/sink.js';
import { RuntimeFailure } from '../../../src/runtime/errors.js';
import { SinkConnection } from '../../../src/tasks/outbox/sink-connection.js';
import { FakeClock } from '../../support/fake-clock.js';
import { followersOf } from '../../support/followers-of.js';
import { rejectionOf } from '../../support/rejection.js';
import { RecordingSink } from './recording-sink.js';

describe('a call of a sink', () => {
  const clock = new FakeClock();
  let call: Pick<SinkContext, 'signal' | 'moved'>;
  let answer: () => void;
  let closed: number;

  const connectionOf = (signal: AbortSignal): SinkConnection =>
    new SinkConnection(new RecordingSink().openable(), { clock, signal }, () => (closed += 1));
  const begin = (): Promise<void> => {
    closed = 0;
    return connectionOf(new AbortController().signal).call((given) => {
      call = given;
      return new Promise<void>((resolve) => (answer = resolve));
    });
  };

  it('is given up after five minutes without a sign of life', async () => {
    const failed = rejectionOf(begin(), RuntimeFailure);
    await clock.advance(299_999);
    expect(call.signal.aborted).to.equal(false);
    await clock.advance(1);
    expect((await failed).message).to.equal('no answer within 300 s');
    expect([call.signal.aborted, closed]).to.deep.equal([true, 1]);
  });

  it('may take longer for as long as it moves', async () => {
    const done = begin();
    for (let minutes = 0; minutes < 20; minutes += 4) {
      await clock.advance(240_000);
      call.moved();
    }
    answer();
    await done;
    expect([clock.sleeping, closed]).to.deep.equal([0, 0]);
    const failed = rejectionOf(begin(), RuntimeFailure);
    await clock.advance(240_000);
    call.moved();
    await clock.advance(299_999);
    expect(closed).to.equal(0);
    await clock.advance(1);
    expect((await failed).message).to.equal('no answer within 300 s');
  });

  it('may take as long as a longer limit of the sink’s own', async () => {
    const failed = rejectionOf(begin(), RuntimeFailure);
    call.moved(400_000);
    await clock.advance(409_999);
    expect(closed).to.equal(0);
    await clock.advance(1);
    expect((await failed).message).to.equal('no answer within 410 s');
  });

  it('leaves nothing at the signal of its run, whether it is answered, fails or is given up', async () => {
    const run = new AbortController();
    const connection = connectionOf(run.signal);
    await connection.call(() => Promise.resolve());
    await rejectionOf(connection.call(() => Promise.reject(new Error('away'))));
    const failed = rejectionOf(connection.call(() => new Promise<void>(() => undefined)));
    await clock.advance(300_000);
    await failed;
    expect(followersOf(run.signal)).to.equal(0);
  });

  it('is cut short with its run', async () => {
    const run = new AbortController();
    const connection = connectionOf(run.signal);
    let given: AbortSignal | undefined;
    const cut = rejectionOf(connection.call(({ signal }) => ((given = signal), new Promise<void>(() => undefined))));
    run.abort(new Error('the run ends'));
    expect([await cut, given?.reason]).to.deep.equal([run.signal.reason, run.signal.reason]);
    expect(clock.sleeping).to.equal(0);
  });
});
