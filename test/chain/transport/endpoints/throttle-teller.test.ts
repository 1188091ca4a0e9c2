import { expect } from 'chai';
import type { PooledEndpoint } from '../../../../src/chain/transport/endpoints/pooled-endpoint.js';
import { RefusedShare } from '../../../../src/chain/transport/endpoints/refused-share.js';
import { ThrottleTeller, throttleText } from '../../../../src/chain/transport/endpoints/throttle-teller.js';
import { MemoryLogger } from '../../../support/memory-logger.js';

describe('what slows an endpoint down', () => {
  it('is said in words: the calls that are allowed, and how many were refused where that is worth a word', () => {
    expect(throttleText(null, 0.5)).to.equal(null);
    expect(throttleText(2.5, 0.15)).to.equal('2.5 calls/s allowed after 429 (refused 15 % of the last minute)');
    expect(throttleText(123.4, 0.001)).to.equal('123 calls/s allowed after 429');
  });

  it('is told once it has lasted for five seconds, once, and so is its end', () => {
    const logger = new MemoryLogger();
    const teller = new ThrottleTeller(logger);
    const refused = new RefusedShare();
    const endpoint = { name: 'node.example', rate: { perSecond: 2.5 }, refused } as unknown as PooledEndpoint;

    refused.count(true, 0);
    for (const now of [0, 4_999]) teller.look(endpoint, now);
    expect(logger.lines).to.deep.equal([]);
    for (const now of [5_000, 6_000]) teller.look(endpoint, now);
    const begun = 'warn: node.example: 2.5 calls/s allowed after 429 (refused 100 % of the last minute)';
    expect(logger.lines).to.deep.equal([begun]);
    for (const now of [70_000, 74_999]) teller.look(endpoint, now);
    expect(logger.lines).to.deep.equal([begun]);
    for (const now of [75_000, 80_000]) teller.look(endpoint, now);
    expect(logger.lines).to.deep.equal([begun, 'info: node.example: nothing was refused for a minute']);
  });
});
