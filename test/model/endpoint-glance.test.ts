import { expect } from 'chai';
import { glanceAtEndpoints } from '../../src/model/endpoint-glance.js';
import { isStale, type EndpointState, type RpcEndpoint } from '../../src/model/rpc-endpoint.js';

const endpoint = (name: string, state: EndpointState, ageSeconds = 1, chainId = 1): RpcEndpoint => ({
  ...{ name, state, ageSeconds, chainId, worker: 'host-1:10', workerIdentity: null, updateTime: '2024-01-15T10:00:00' },
  ...{ headMs: 1, logsMs: 1, errorRate: 0, inFlight: 0, maxInFlight: null, maxPerSecond: null, newestBlock: 1 },
  ...{ requests: 1, failures: 0, lastError: null, lastErrorTime: null, muteSince: null, muteSeconds: null },
});
const glance = (...endpoints: readonly RpcEndpoint[]): unknown =>
  glanceAtEndpoints(endpoints).map(({ endpoint: reported, reports, alike }) =>
    [
      reported.chainId,
      reported.name,
      reported.state,
      isStale(reported) ? 'stale' : 'fresh',
      `${alike} of ${reports}`,
    ].join(' '),
  );

describe('endpoints at a glance', () => {
  it('stand there once each, in the worst state that anybody finds them in', () => {
    const [unasked, well, bad] = (['unasked', 'healthy', 'resting'] as const).map((state) => endpoint('a', state));
    expect(glance(unasked!, well!, bad!, bad!)).to.deep.equal(['1 a resting fresh 2 of 4']);
    expect(glance(unasked!, well!)).to.deep.equal(['1 a healthy fresh 1 of 2']);
  });

  it('are as the latest reports say, where there are any', () => {
    const dead = endpoint('a', 'resting', 100);
    expect(glance(dead, endpoint('a', 'healthy'))).to.deep.equal(['1 a healthy fresh 1 of 1']);
    expect(glance(dead, endpoint('a', 'healthy', 200))).to.deep.equal(['1 a resting stale 1 of 2']);
  });

  it('are told apart by chain and name, and those come first that need a look', () => {
    const states: [string, EndpointState, number][] = [
      ['a', 'unasked', 1],
      ['b', 'healthy', 137],
      ['b', 'healthy', 1],
      ['c', 'failing', 1],
      ['d', 'wrong_chain', 1],
    ];
    expect(glance(...states.map(([name, state, chainId]) => endpoint(name, state, 1, chainId)))).to.deep.equal([
      '1 d wrong_chain fresh 1 of 1',
      '1 c failing fresh 1 of 1',
      '1 b healthy fresh 1 of 1',
      '137 b healthy fresh 1 of 1',
      '1 a unasked fresh 1 of 1',
    ]);
  });
});
