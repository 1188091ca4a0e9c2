import { expect } from 'chai';
import type { NatsMessage } from '../../../src/components/nats-sink/nats-message.js';
import { publishInTurn } from '../../../src/components/nats-sink/publish-in-turn.js';
import type { Publisher, Taken } from '../../../src/components/nats-sink/publish-in-turn.js';
import { ReceiverAwayError } from '../../../src/components/seam/delivery-errors.js';
import { rejectionOf } from '../../support/rejection.js';

/** A stream that stores what it is sent in the order in which that comes, as JetStream does. */
class Stream implements Publisher<Taken> {
  readonly stored: string[] = [];
  /** What it does before it looks at a message, by the message's id. */
  readonly before = new Map<string, () => void>();

  /** The ids of messages that it has of somebody else. */
  readonly others = new Set<string>();
  asked = 0;
  mostAsked = 0;

  readonly publish = async (message: NatsMessage, behind: NatsMessage | null): Promise<Taken> => {
    await Promise.resolve();
    this.before.get(message.id)?.();
    if (this.stored.includes(message.id)) return { duplicate: true };
    if (behind !== null && behind.id !== this.stored.at(-1)) {
      throw Object.assign(new Error('wrong last msg ID'), { name: 'JetStreamApiError', code: 10_070 });
    }
    this.stored.push(message.id);
    return { duplicate: false };
  };

  readonly isRepetition = async ({ id }: NatsMessage): Promise<boolean> => {
    this.mostAsked = Math.max(this.mostAsked, ++this.asked);
    await new Promise((resolve) => setImmediate(resolve));
    this.asked -= 1;
    return !this.others.has(id);
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
    await rejectionOf(publishInTurn(messages, stream), ReceiverAwayError);
    expect(stream.stored).to.deep.equal(ids.slice(0, 30));
    await publishInTurn(messages, stream);
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
    await publishInTurn(messages, stream);
    expect(stream.stored.filter((id) => !id.startsWith('not'))).to.deep.equal(ids);
  });

  it('are each sent once where nobody else writes', async () => {
    let sent = 0;
    const stream = new Stream();
    const publish: Stream['publish'] = (message, behind) => {
      sent++;
      return stream.publish(message, behind);
    };
    const isRepetition = () => Promise.reject(new Error('nothing is asked for'));
    expect(await publishInTurn(messages, { publish, isRepetition })).to.equal(messages.length);
    expect(sent).to.equal(messages.length);
  });

  it('are asked for where the stream drops them, some at a time, and told up to the one that is somebody else’s', async () => {
    const stream = new Stream();
    await publishInTurn(messages, stream);
    expect(await publishInTurn(messages, stream)).to.equal(messages.length);
    expect(stream.mostAsked).to.be.within(2, 32);
    for (const id of ['m70', 'm71', 'm99']) stream.others.add(id);
    expect(await publishInTurn(messages, stream)).to.equal(70);
    expect(stream.stored).to.deep.equal(ids);
  });
});
