import { expect } from 'chai';
import type { ChainClient } from '../../../../src/chain/blocks/chain-client.js';
import { ChainMismatchError } from '../../../../src/runtime/errors.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { ScriptedEndpoint, openScripted } from './scripted-endpoints.js';

const { signal } = new AbortController();

describe('a connection where there was none: another node may stand at its end', () => {
  let clock: FakeClock;
  let node: ScriptedEndpoint;
  let client: ChainClient;

  beforeEach(() => {
    clock = new FakeClock();
    node = new ScriptedEndpoint('node.example', clock);
    client = openScripted([node], clock);
  });
  afterEach(() => client.close());

  const ask = async (): Promise<unknown> => {
    const answer = client.header(1, signal).catch((error: unknown) => error);
    await clock.advance(100);
    return answer;
  };
  const chainQuestions = (): number => node.arrivals.length - node.asked.length;
  const swap = (): void => {
    node.connect();
    node.chainId = 5;
  };

  for (const [when, ms] of [
    ['at once', 0],
    ['within a second', 400],
    ['later', 5_000],
  ] as const) {
    it(`is believed only once it has told its chain, ${when} after the one before told it`, async () => {
      expect(await ask()).to.include({ number: 1 });
      await clock.advance(ms);
      swap();
      expect(await ask()).to.be.instanceOf(ChainMismatchError);
    });

    it(`makes what it gives count only once it has told its chain, ${when}`, async () => {
      await ask();
      await clock.advance(ms);
      node.receive = (_arrival, [call]) => {
        if (call?.method !== 'eth_chainId') swap();
        return 'answer';
      };
      expect(await ask()).to.be.instanceOf(ChainMismatchError);
    });
  }

  it('is asked a second time where it tells its chain late, by what it took before', async () => {
    const asked = async (): Promise<unknown> => {
      node.connect();
      return ask();
    };
    for (let answers = 0; answers < 3; answers++) await asked();
    const before = chainQuestions();
    let isFirst = true;
    node.receive = (_arrival, [call]) => {
      node.delayMs = call?.method === 'eth_chainId' && isFirst ? 3_000 : 10;
      if (node.delayMs > 10) isFirst = false;
      return 'answer';
    };
    expect(await asked()).to.include({ number: 1 });
    expect(chainQuestions() - before).to.equal(2);
  });

  it('has told its chain where the second answer says so, and the first one failed', async () => {
    for (let answers = 0; answers < 3; answers++) {
      node.connect();
      await ask();
    }
    let questions = 0;
    node.receive = (_arrival, [call]) => {
      if (call?.method !== 'eth_chainId') return 'answer';
      node.delayMs = ++questions === 1 ? 30 : 20;
      return questions === 1 ? { status: 503 } : 'answer';
    };
    node.connect();
    expect(await ask()).to.include({ number: 1 });
    expect(questions).to.equal(2);
  });

  it('is asked some times a second at most where each connection is closed', async () => {
    node.receive = () => {
      node.connect();
      return 'answer';
    };
    for (let call = 0; call < 100; call++) expect(await ask()).to.include({ number: 1 });
    expect(chainQuestions()).to.be.within(10, 50);
  });
});
