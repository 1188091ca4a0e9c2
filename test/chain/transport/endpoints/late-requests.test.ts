import { expect } from 'chai';
import { getEventListeners } from 'node:events';
import type { ChainClient } from '../../../../src/chain/blocks/chain-client.js';
import { rangeLogs } from '../../../../src/chain/logs/log-calls.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { ScriptedEndpoint, openScripted } from './scripted-endpoints.js';

const everything = { addresses: null, topics: null };
const never = (): AbortSignal => new AbortController().signal;

describe('requests that are answered late', () => {
  let clock: FakeClock;
  let first: ScriptedEndpoint;
  let second: ScriptedEndpoint;
  let client: ChainClient;

  /** Asks for history; returns who answered, and after how long, in milliseconds. */
  const read = async (signal = never()): Promise<{ readonly endpoint: string; readonly ms: number }> => {
    const since = clock.monotonic();
    const told: { readonly endpoint: string; readonly ms: number }[] = [];
    const asked = rangeLogs(client, everything, { from: 1, to: 10 }, signal).then(({ endpoint }) =>
      told.push({ endpoint, ms: clock.monotonic() - since }),
    );
    for (let waited = 0; told.length === 0 && waited < 40_000; waited += 5) await clock.advance(5);
    await asked;
    return told[0]!;
  };
  const begin = async (...endpoints: ScriptedEndpoint[]): Promise<void> => {
    client = openScripted(endpoints, clock);
    const head = client.header('latest', never());
    await clock.advance(1_000);
    await head;
    for (const endpoint of endpoints) endpoint.delayMs = 100;
    for (let answers = 0; answers < 60; answers++) await read();
  };
  /** Has the next request of an endpoint hang. */
  const hangOnce = (endpoint: ScriptedEndpoint): void => {
    endpoint.receive = () => {
      endpoint.receive = () => 'answer';
      return 'silence';
    };
  };

  beforeEach(() => {
    clock = new FakeClock();
    [first, second] = [new ScriptedEndpoint('first', clock), new ScriptedEndpoint('second', clock)];
  });
  afterEach(() => client.close());

  it('are made again, and the other one is given up', async () => {
    await begin(first);
    hangOnce(first);
    const { ms } = await read();
    expect(ms).to.be.within(200, 400);
    expect(first.inFlight).to.equal(0);
  });

  it('are made again at another endpoint where there is one', async () => {
    await begin(first, second);
    hangOnce(first);
    expect((await read()).endpoint).to.equal('second');
  });

  it('are not made again where all answers take so long by now', async () => {
    await begin(first);
    const before = first.asked.length;
    first.delayMs = 190;
    for (let answers = 0; answers < 20; answers++) await read();
    expect(first.asked.length - before).to.equal(20);
  });

  it('are made again for a small share of all questions only', async () => {
    await begin(first);
    const before = first.asked.length;
    let requests = 0;
    first.receive = ({ methods }) => {
      first.delayMs = methods.includes('eth_getLogs') && ++requests % 2 === 0 ? 2_000 : 100;
      return 'answer';
    };
    for (let answers = 0; answers < 100; answers++) await read();
    expect(first.asked.length - before).to.be.within(101, 110);
  });

  it('listen to nobody any more once they are answered, late or not', async () => {
    await begin(first);
    const signal = never();
    await read(signal);
    hangOnce(first);
    await read(signal);
    expect(getEventListeners(signal, 'abort')).to.deep.equal([]);
  });

  it('are waited for where the second one fails', async () => {
    await begin(first);
    let requests = 0;
    first.receive = () => {
      first.delayMs = ++requests === 1 ? 1_000 : 100;
      return requests === 2 ? { error: 'internal error', code: -32_603 } : 'answer';
    };
    expect((await read()).ms).to.be.within(950, 1_050);
    expect(requests).to.equal(2);
  });
});
