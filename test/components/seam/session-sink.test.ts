import { expect } from 'chai';
import {
  MessageRefusedError,
  ReceiverAwayError,
  RefusedUnsentError,
  TakenInPartError,
} from '../../../src/components/seam/delivery-errors.js';
import { SessionSink, type SinkSession } from '../../../src/components/seam/session-sink.js';
import { settle } from '../../support/fake-clock.js';
import { rejectionOf } from '../../support/rejection.js';
import { batchOf, sinkContext, transferMessage } from '../sink-fixture.js';

const batch = batchOf([transferMessage(0)]);

describe('a sink over a session', () => {
  /** What happened, in its order. */
  let told: string[];
  let failure: Error | null;
  let isStale: boolean;

  beforeEach(() => {
    told = [];
    failure = null;
    isStale = false;
  });

  const session: SinkSession = {
    get isStale() {
      return isStale;
    },
    send: async () => {
      told.push('send');
      await Promise.resolve();
      if (failure !== null) throw failure;
    },
    close: async () => {
      await Promise.resolve();
      told.push('close');
    },
  };

  const open = async (): Promise<SinkSession> => {
    await Promise.resolve();
    told.push('open');
    return session;
  };

  it('opens it for the first batch, and keeps it', async () => {
    const sink = new SessionSink(open);
    await sink.deliver(batch, sinkContext());
    await sink.deliver(batch, sinkContext());
    expect(told).to.deep.equal(['open', 'send', 'send']);
  });

  it('closes it where something of a batch may have been sent and not taken', async () => {
    const sink = new SessionSink(open);
    for (failure of [new ReceiverAwayError('away'), new MessageRefusedError('refused')]) {
      await rejectionOf(sink.deliver(batch, sinkContext()));
      expect(told.splice(0)).to.deep.equal(['open', 'send', 'close']);
    }
  });

  it('keeps it where nothing was sent, or the rest is to come', async () => {
    const sink = new SessionSink(open);
    for (failure of [new RefusedUnsentError('too large'), new TakenInPartError(1)]) {
      await rejectionOf(sink.deliver(batch, sinkContext()));
    }
    expect(told).to.deep.equal(['open', 'send', 'send']);
  });

  it('opens it anew where it is stale', async () => {
    const sink = new SessionSink(open);
    await sink.deliver(batch, sinkContext());
    isStale = true;
    await sink.deliver(batch, sinkContext());
    expect(told).to.deep.equal(['open', 'send', 'close', 'open', 'send']);
  });

  it('opens none where it is called off while a stale one is closed', async () => {
    const sink = new SessionSink(open);
    await sink.deliver(batch, sinkContext());
    isStale = true;
    const stop = new AbortController();
    const delivery = rejectionOf(sink.deliver(batch, sinkContext(stop.signal)));
    stop.abort(new Error('stop'));
    expect((await delivery).message).to.equal('stop');
    await settle();
    expect(told).to.deep.equal(['open', 'send', 'close']);
  });

  it('sends nothing over one for which nobody waits any more, and closes it', async () => {
    const stop = new AbortController();
    let opened = (): void => undefined;
    const sink = new SessionSink(async () => {
      await new Promise<void>((resolve) => (opened = resolve));
      return session;
    });
    const delivery = rejectionOf(sink.deliver(batch, sinkContext(stop.signal)));
    await settle();
    stop.abort(new Error('stop'));
    expect((await delivery).message).to.equal('stop');
    opened();
    await settle();
    expect(told).to.deep.equal(['close']);
  });
});
