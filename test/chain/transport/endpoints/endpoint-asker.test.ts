import { expect } from 'chai';
import type { ChainClient } from '../../../../src/chain/blocks/chain-client.js';
import type { Work } from '../../../../src/chain/transport/endpoints/endpoint-question.js';
import { FakeClock, settle } from '../../../support/fake-clock.js';
import { ScriptedEndpoint, openScripted } from './scripted-endpoints.js';

const never = (): AbortSignal => new AbortController().signal;

describe('a request whose answer has come and is not yet read', () => {
  let clock: FakeClock;
  let client: ChainClient;
  /** What those that were asked call when their answer has come. */
  let received: ((() => void) | undefined)[];
  let read: () => void;
  let asked: Promise<unknown>[];

  const open = async (maxRequests: number): Promise<void> => {
    client = openScripted([new ScriptedEndpoint('node', clock)], clock, { maxRequests });
    const head = client.header('latest', never());
    await clock.advance(1_000);
    await head;
  };
  const ask = async (times: number): Promise<void> => {
    const isRead = new Promise<void>((resolve) => (read = resolve));
    const work: Work<void> = (_endpoint, _signal, hear) => {
      received.push(hear);
      return isRead;
    };
    const how = { calls: 1, isUrgent: false, isForCaller: (): boolean => false };
    asked = Array.from({ length: times }, () => client.ask(work, how, never()));
    await settle();
  };

  beforeEach(() => {
    clock = new FakeClock();
    received = [];
  });
  afterEach(async () => {
    read();
    await Promise.all(asked);
    await client.close();
  });

  it('is in flight no more: another one leaves', async () => {
    await open(1);
    await ask(3);
    expect(received).to.have.length(1);
    received[0]?.();
    // Told twice it is one all the same.
    received[0]?.();
    await settle();
    expect(received).to.have.length(2);
    read();
    await Promise.all(asked);
    received = [];
    await ask(3);
    expect(received).to.have.length(1);
  });

  it('is not followed by others before it is read where it tried whether the node takes more at a time', async () => {
    await open(64);
    await ask(64);
    expect(received).to.have.length(12);
    for (const hear of received) hear?.();
    await settle();
    expect(received).to.have.length(16);
  });
});

describe('a call for the head that no endpoint answers', () => {
  it('is waited for until it is given up', async () => {
    const clock = new FakeClock();
    const node = new ScriptedEndpoint('node', clock);
    const client = openScripted([node], clock, {});
    const first = client.header('latest', never());
    await clock.advance(1_000);
    await first;
    node.receive = () => 'silence';
    const giving = new AbortController();
    const head = client.header('latest', giving.signal).catch(() => 'given up');
    await clock.advance(12_000);
    expect(client.health()[0]).to.include({ headWaitMs: 12_000 });
    giving.abort();
    expect(await head).to.equal('given up');
    await settle();
    expect(client.health()[0]).to.include({ headWaitMs: 0 });
    await client.close();
  });
});
