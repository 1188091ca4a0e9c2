import { expect } from 'chai';
import { RefusedShare } from '../../../../src/chain/transport/endpoints/refused-share.js';
import { InFlightLimit } from '../../../../src/chain/transport/endpoints/in-flight-limit.js';
import { throttleText } from '../../../../src/chain/transport/endpoints/throttle-teller.js';
import type { LogLevel } from '../../../../src/runtime/logger.js';
import { playSeeds, playThrottling, throttlings } from './throttled-endpoints.js';
import { playedOf } from '../../../support/extent.js';

describe('endpoints that refuse calls', () => {
  it('are told of in the log once when they are asked less, and once when that is over', async () => {
    const told: string[] = [];
    const log = (level: LogLevel, message: string, fields?: object): void => {
      const { event } = { event: '', ...fields };
      if (event.startsWith('rpc.throttle')) told.push(`${level} ${event} ${message}`);
    };
    let isOpen = false;
    const limited = throttlings[2]!.receive(0, Math.random);
    const receive = (): ReturnType<(typeof throttlings)[0]['receive']> => (arrival, calls) => {
      isOpen ||= arrival.at > 30_000;
      return isOpen ? 'answer' : limited(arrival, calls);
    };
    await playThrottling({ name: 'a limit that goes', receive, oracle: () => 1 }, 120, { logger: { log } });
    expect(told).to.have.length(2);
    expect(told[0]).to.match(
      /^warn rpc\.throttled node\.example: \d+ calls\/s allowed after 429 \(refused \d+ % of the last minute\)$/,
    );
    expect(told[1]).to.equal('info rpc.throttle_over node.example: nothing was refused for a minute');
  });

  it('are said to be throttled, and how often they refuse, where they are', () => {
    expect(throttleText(null, 0.2)).to.equal(null);
    expect(throttleText(12.4, 0.14)).to.equal('12 calls/s allowed after 429 (refused 14 % of the last minute)');
    expect(throttleText(0.8, 0)).to.equal('0.8 calls/s allowed after 429');
  });

  it('are remembered by the share of the last minute that they refused', () => {
    const refused = new RefusedShare();
    expect(refused.share(0)).to.equal(0);
    for (let second = 0; second < 100; second++) refused.count(second % 2 === 0, second * 1_000);
    expect(refused.share(100_000)).to.equal(0.5);
    for (let second = 100; second < 200; second++) refused.count(false, second * 1_000);
    expect(refused.share(200_000)).to.equal(0);
    expect(refused.share(900_000)).to.equal(0);
  });

  it('are not taken for throttling by the number at a time where one alone is refused', () => {
    const limit = new InFlightLimit();
    limit.refused(limit.begin(), true);
    expect(limit.isKnown).to.equal(false);
  });

  for (const throttling of playedOf(throttlings, 3)) {
    it(`answer at least 70 % of what they could in most cases, with ${throttling.name}`, async function () {
      this.timeout(240_000);
      const [worst, median] = await playSeeds(throttling, 60, 3);
      expect(median!.share).to.be.at.least(0.7);
      expect(worst!.share).to.be.at.least(0.6);
    });
  }

  for (const { name, ...limit } of throttlings.filter((throttling) => throttling.isLimit)) {
    it(`are seldom asked in vain, with ${name}`, async () => {
      const { answered, asked } = await playThrottling({ name, ...limit }, 60);
      expect((asked - answered) / asked).to.be.below(0.3);
    });
  }
});
