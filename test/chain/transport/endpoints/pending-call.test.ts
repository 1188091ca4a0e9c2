import { expect } from 'chai';
import type { PooledEndpoint } from '../../../../src/chain/transport/endpoints/pooled-endpoint.js';
import { PendingCall } from '../../../../src/chain/transport/endpoints/pending-call.js';
import { RpcError } from '../../../../src/chain/transport/errors/rpc-error.js';

/** An endpoint as a call sees it: whom its breaker lets in. */
function endpointThatIs(
  state: 'closed' | 'open' | 'half-open',
  answeredAt = -1,
  lastFault: RpcError | null = null,
): PooledEndpoint {
  return { breaker: { state, lostTries: 0 }, answeredAt, lastFault } as unknown as PooledEndpoint;
}

const departure = { order: 1, together: 1, isScout: false };
const sent = { departure, requests: 1 };

describe('a call that failed at an endpoint', () => {
  const away = new RpcError('no answer', { class: 'timeout', host: 'a.example', lostConnection: true });
  const failAt = (endpoint: PooledEndpoint): number => {
    const call = new PendingCall({ firstMs: 100, maxMs: 1_000 });
    call.failed({ endpoint, since: 0, ...sent, lostBefore: 0 }, away, false, 5_000);
    return call.notBefore(endpoint);
  };

  it('waits before it asks there again', () => {
    expect(failAt(endpointThatIs('closed'))).to.be.within(5_050, 5_100);
  });

  it('waits as briefly five times where the endpoint answers others meanwhile, and longer from then on', () => {
    const call = new PendingCall({ firstMs: 100, maxMs: 1_000 });
    const endpoint = endpointThatIs('closed', 1);
    const waits = Array.from({ length: 6 }, () => {
      call.failed({ endpoint, since: 0, ...sent, lostBefore: 0 }, away, false, 5_000);
      return call.notBefore(endpoint) - 5_000;
    });
    for (const wait of waits.slice(0, 5)) expect(wait).to.be.at.most(25);
    expect(waits[5]).to.be.at.least(500);
  });

  it('waits for nothing of its own where the endpoint lets nobody in, which says itself until when', () => {
    for (const state of ['open', 'half-open'] as const) {
      expect(failAt(endpointThatIs(state))).to.equal(Number.NEGATIVE_INFINITY);
    }
  });

  it('counts, once it is refused there, as one that waits for the endpoint that is away', () => {
    const lastFault = new RpcError('no connection', { class: 'transport', host: 'b.example' });
    const there = endpointThatIs('open', -1, lastFault);
    const gone = endpointThatIs('open', -1, away);
    const call = new PendingCall({ firstMs: 100, maxMs: 1_000 });
    const failed = (kind: RpcError['class'], endpoint = there): RpcError => {
      const error = new RpcError(kind, { class: kind, host: 'b.example' });
      call.failed({ endpoint, since: 0, ...sent, lostBefore: 0 }, error, true, 5_000);
      return error;
    };
    const passing = failed('unknown');
    call.waitsFor([there, gone]);
    expect(call.failure).to.equal(passing);
    expect(call.isBlameless).to.equal(true);
    failed('method-disabled');
    expect(call.failure).to.equal(away);
    expect(call.isBlameless).to.equal(false);
    // What another one has told of it before counts again.
    const other = failed('internal', gone);
    failed('method-disabled');
    expect(call.failure).to.equal(other);
  });
});
