import { expect } from 'chai';
import type { NatsMessage } from '../../../src/components/nats-sink/nats-message.js';
import { publishInTurn } from '../../../src/components/nats-sink/publish-in-turn.js';
import { ReceiverAwayError } from '../../../src/components/seam/delivery-errors.js';
import { rejectionOf } from '../../support/rejection.js';

/** A stream that stores what it is sent in the order in which that comes, as JetStream does. */
class Stream {
  readonly stored: string[] = [];
  /** What it does before it looks at a message, by the message's id. */
  readonly before = new Map<string, () => void>();

  readonly publish = async (message: NatsMessage, behind: NatsMessage | null): Promise<void> => {
    await Promise.resolve();
    this.before.get(message.id)?.();
    if (this.stored.includes(message.id)) return;
    if (behind !== null && behind.id !== this.stored.at(-1)) {
      throw Object.assign(new Error('wrong last msg ID'), { name: 'JetStreamApiError', code: 10_070 });
    }
    this.stored.push(message.id);
  };
}

const messages = Array.from({ length: 100 }, (_, n) => ({ subject: 's', id: `m${n}`, payload: '{}', headers: [] }));
const ids = messages.map(({ id }) => id);

describe('messages that are published in turn', () => {
  it('are stored in their order, and nothing behind one that is lost', async () => {
    const stream = new Stream();
    const lost = new Error('insufficient resources');
    stream.before.set('m30', () => {
      stream.before.clear();
      throw lost;
    });
    await rejectionOf(publishInTurn(messages, stream.publish), ReceiverAwayError);
    expect(stream.stored).to.deep.equal(ids.slice(0, 30));
    await publishInTurn(messages, stream.publish);
    expect(stream.stored).to.deep.equal(ids);
  });

  it('go on behind what somebody else has stored in between', async () => {
    const stream = new Stream();
    for (const id of ['m1', 'm2', 'm3', 'm50', 'm99']) {
      stream.before.set(id, () => {
        stream.before.delete(id);
        stream.stored.push(`not ${id}`);
      });
    }
    await publishInTurn(messages, stream.publish);
    expect(stream.stored.filter((id) => !id.startsWith('not'))).to.deep.equal(ids);
  });

  it('are each sent once where nobody else writes', async () => {
    let sent = 0;
    const stream = new Stream();
    await publishInTurn(messages, (message, behind) => {
      sent++;
      return stream.publish(message, behind);
    });
    expect(sent).to.equal(messages.length);
  });
});
