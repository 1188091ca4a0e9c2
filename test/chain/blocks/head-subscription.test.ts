import { expect } from 'chai';
import { HeadSubscription } from '../../../src/chain/blocks/head-subscription.js';
import type { JsonRpcEndpoint } from '../../../src/chain/transport/rpc/json-rpc.js';
import { silentLogger } from '../../../src/runtime/logger.js';
import { FakeClock } from '../../support/fake-clock.js';

describe('a subscription to new heads', () => {
  it('is not asked of an endpoint that is put aside', async () => {
    const asked: string[] = [];
    const endpoints = ['aside', 'good'].map((name) => {
      const call = (method: string): Promise<unknown> => Promise.resolve(asked.push(`${name} ${method}`) && '0x1');
      const push = { listen: () => undefined, reset: () => undefined, ended: () => new Promise(() => undefined) };
      return { name, call, push } as unknown as JsonRpcEndpoint;
    });
    const clock = new FakeClock();
    const isPutAside = (name: string): boolean => name === 'aside';
    const subscription = new HeadSubscription({ endpoints, isPutAside, chainId: 1, clock, logger: silentLogger });
    subscription.start({ told: () => undefined, began: () => undefined, ended: () => undefined });
    await clock.advance(1_000);
    expect(asked).to.deep.equal(['good eth_chainId', 'good eth_subscribe']);
    subscription.close();
  });
});
