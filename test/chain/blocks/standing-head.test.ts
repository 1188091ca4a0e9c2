import { expect } from 'chai';
import type { ChainClient } from '../../../src/chain/blocks/chain-client.js';
import { HeadFeed } from '../../../src/chain/blocks/head-feed.js';
import { silentLogger } from '../../../src/runtime/logger.js';
import { FakeClock } from '../../support/fake-clock.js';
import { ScriptedEndpoint, openScripted } from '../transport/endpoints/scripted-endpoints.js';

const pollMs = 4_000;
const stop = new AbortController().signal;

describe('a head that stands still', () => {
  let clock: FakeClock;
  let quick: ScriptedEndpoint;
  let slow: ScriptedEndpoint;
  let client: ChainClient;
  let feed: HeadFeed;
  let answers: number;

  /** Follows the head for some seconds, while the blocks of `moving` grow by one each second; returns the last one told. */
  const follow = async (seconds: number, ...moving: readonly ScriptedEndpoint[]): Promise<number | undefined> => {
    let told: number | undefined;
    const ends = clock.monotonic() + seconds * 1_000;
    const following = (async (): Promise<void> => {
      while (clock.monotonic() < ends) {
        const news = await feed.next(answers, pollMs, stop);
        answers = news.answers;
        told = news.head?.number;
      }
    })();
    for (let second = 0; second < seconds + 6; second++) {
      await clock.advance(1_000);
      for (const endpoint of moving) endpoint.head++;
    }
    await following;
    return told;
  };
  const asked = (endpoint: ScriptedEndpoint): number => endpoint.asked.length;

  beforeEach(() => {
    clock = new FakeClock();
    [quick, slow] = [new ScriptedEndpoint('quick', clock), new ScriptedEndpoint('slow', clock)];
    [quick.delayMs, slow.delayMs] = [2, 80];
    client = openScripted([quick, slow], clock);
    feed = new HeadFeed({ chain: client, chainId: 31_337, clock, logger: silentLogger });
    answers = 0;
  });
  afterEach(async () => {
    feed.close();
    await client.close();
  });

  it('with a quick endpoint goes on with a slow one that has more, and stays there', async () => {
    await follow(20, quick, slow);
    await follow(60, slow);
    for (let minute = 0; minute < 10; minute++) {
      expect(await follow(60, slow)).to.be.greaterThan(slow.head - 15);
    }
  });

  it('with the quick endpoint is told by that again as soon as it moves', async () => {
    await follow(120, slow);
    quick.head = slow.head;
    await follow(180, quick, slow);
    const before = [asked(quick), asked(slow)] as const;
    expect(await follow(60, quick, slow)).to.be.greaterThan(slow.head - 15);
    expect(asked(quick) - before[0]).to.be.greaterThan(asked(slow) - before[1]);
  });

  it('has others asked only now and then as long as it stands still with all of them', async () => {
    await follow(600);
    expect(asked(slow)).to.be.lessThan(asked(quick) / 4);
    // Nobody was put behind the other.
    const before = asked(slow);
    await follow(20);
    expect(asked(slow) - before).to.be.lessThan(3);
  });

  it('stays with the endpoint that is asked where another tells of a head, and does not have the blocks up to it', async () => {
    slow.toldHead = 2_000_000;
    expect(await follow(300)).to.equal(quick.head);
    expect(asked(slow)).to.be.lessThan(asked(quick) / 3);
  });

  it('is not waited for at an endpoint that never answers', async () => {
    const silent = new ScriptedEndpoint('silent', clock);
    silent.receive = () => 'silence';
    client = openScripted([quick, silent, slow], clock);
    feed = new HeadFeed({ chain: client, chainId: 31_337, clock, logger: silentLogger });
    await follow(120, slow);
    expect(await follow(60, slow)).to.be.greaterThan(slow.head - 15);
  });
});
