import { expect } from 'chai';
import type { ChainClient } from '../../../src/chain/blocks/chain-client.js';
import { rangeLogs } from '../../../src/chain/logs/log-calls.js';
import { RpcError } from '../../../src/chain/transport/errors/rpc-error.js';
import { FakeClock } from '../../support/fake-clock.js';
import { ScriptedEndpoint, openScripted } from '../transport/endpoints/scripted-endpoints.js';

const everything = { addresses: null, topics: null };
const { signal } = new AbortController();
const minuteMs = 60_000;

describe('the logs of a single block that are asked for in vain', () => {
  let clock: FakeClock;
  let endpoint: ScriptedEndpoint;
  let client: ChainClient;

  beforeEach(async () => {
    clock = new FakeClock();
    endpoint = new ScriptedEndpoint('node', clock);
    client = openScripted([endpoint], clock);
    const head = client.header('latest', signal);
    await clock.advance(1_000);
    await head;
    for (let answers = 0; answers < 60; answers++) await outcomeOf(ask(), 1_000);
  });
  afterEach(() => client.close());

  const ask = (): Promise<unknown> => rangeLogs(client, everything, { from: 5, to: 5 }, signal);
  /** What comes of a question within some time; null: nothing. */
  const outcomeOf = async (asked: Promise<unknown>, withinMs: number): Promise<unknown> => {
    let outcome: unknown = null;
    asked.then(
      (answer) => (outcome = answer),
      (error: unknown) => (outcome = error),
    );
    for (let waited = 0; outcome === null && waited < withinMs; waited += 100) await clock.advance(100);
    return outcome;
  };

  it('are for whoever asks where the node answers all else', async () => {
    endpoint.receive = ({ methods }) => (methods.includes('eth_getLogs') ? 'silence' : 'answer');
    const before = endpoint.asked.length;
    const outcome = await outcomeOf(ask(), 3 * minuteMs);
    expect(outcome).to.be.instanceOf(RpcError).and.to.have.property('class', 'timeout');
    expect(endpoint.asked.length - before).to.be.within(2, 4);
  });

  it('are waited for where the node answers nothing at all', async () => {
    endpoint.receive = () => 'silence';
    const asked = ask();
    expect(await outcomeOf(asked, 10 * minuteMs)).to.equal(null);
    endpoint.receive = () => 'answer';
    expect(await outcomeOf(asked, minuteMs)).to.have.property('endpoint', 'node');
  });
});
