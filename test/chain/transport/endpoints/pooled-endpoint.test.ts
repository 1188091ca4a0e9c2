import { expect } from 'chai';
import type { ChainCheck } from '../../../../src/chain/transport/endpoints/chain-check.js';
import { PooledEndpoint } from '../../../../src/chain/transport/endpoints/pooled-endpoint.js';
import { RpcError } from '../../../../src/chain/transport/errors/rpc-error.js';
import type { RpcErrorClass } from '../../../../src/chain/transport/errors/rpc-error.js';
import type { ObserveChain } from '../../../../src/chain/transport/rpc/chain-notice.js';
import type { JsonRpcEndpoint } from '../../../../src/chain/transport/rpc/json-rpc.js';
import { FakeClock } from '../../../support/fake-clock.js';

let state: Parameters<JsonRpcEndpoint['onRates']>[0];
const rpc = {
  name: 'node',
  requestsOf: (calls: number) => calls,
  onRates: (listener: typeof state) => (state = listener),
} as unknown as JsonRpcEndpoint;
const chain = { strange: null, heard: () => undefined, doubt: () => undefined } as unknown as ChainCheck;

describe('an endpoint that was away', () => {
  it('is asked by one request until it is known what came of that, though its answer has come', () => {
    const told: boolean[] = [];
    const clock = new FakeClock();
    const observe: ObserveChain = (notice) => {
      if (notice.kind === 'endpoint') told.push(notice.isUp);
    };
    const endpoint = new PooledEndpoint(rpc, chain, { clock, backoff: { firstMs: 1, maxMs: 1 }, observe });
    const gone = new RpcError('gone', { class: 'transport', host: 'node', lostConnection: true });
    for (let failure = 0; failure < 3; failure++) {
      const sent = endpoint.begin(1);
      endpoint.failed(sent, gone);
      endpoint.landed(sent);
      endpoint.end(sent);
    }
    const tried = endpoint.begin(1);
    endpoint.landed(tried);
    expect([endpoint.inFlight.inFlight, endpoint.freeAt]).to.deep.equal([0, Number.POSITIVE_INFINITY]);
    endpoint.answered(tried);
    endpoint.end(tried);
    expect(endpoint.freeAt).to.be.at.most(clock.monotonic());
    expect(told).to.deep.equal([true, false, true]);
  });
});

describe('an endpoint that names a time to retry', () => {
  const freeInMs = (kind: RpcErrorClass, retryAfterMs: number): number => {
    const clock = new FakeClock();
    const endpoint = new PooledEndpoint(rpc, chain, { clock, backoff: { firstMs: 1, maxMs: 1 } });
    endpoint.failed(endpoint.begin(1), new RpcError('no', { class: kind, host: 'node', retryAfterMs }));
    return endpoint.freeAt - clock.monotonic();
  };

  it('gets no request before then, a minute at most, after a 503 as after a 429', () => {
    for (const kind of ['transport', 'internal', 'rate-limit'] as const) {
      expect(freeInMs(kind, 7_000), kind).to.equal(7_000);
      expect(freeInMs(kind, 3_600_000), kind).to.equal(60_000);
    }
  });

  it('is not paused by the text of a contract’s revert', () => {
    expect(freeInMs('revert', 7_000)).to.be.at.most(0);
  });
});

describe('an endpoint that was astray', () => {
  it('is told to be up again when it is readmitted, though its time was over by itself, and only if it was ever asked', () => {
    const told: boolean[] = [];
    const observe: ObserveChain = (notice) => {
      if (notice.kind === 'endpoint') told.push(notice.isUp);
    };
    const fork = { strange: null, isAstray: false, stray: () => undefined, readmit: () => undefined };
    const check = fork as unknown as ChainCheck;
    const endpoint = new PooledEndpoint(rpc, check, {
      clock: new FakeClock(),
      backoff: { firstMs: 1, maxMs: 1 },
      observe,
    });
    endpoint.readmit();
    expect(told).to.deep.equal([]);
    fork.isAstray = true;
    endpoint.stray();
    fork.isAstray = false;
    endpoint.readmit();
    expect(told).to.deep.equal([false, true]);
  });
});

describe('what an endpoint refuses for no stated reason', () => {
  const refusal = (retryAfterMs?: number): RpcError =>
    new RpcError('429', { class: 'rate-limit', host: 'node', ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });

  const open = (clock: FakeClock): PooledEndpoint =>
    new PooledEndpoint(rpc, chain, { clock, backoff: { firstMs: 1, maxMs: 1 } });

  /** Has requests leave together, of which some are answered and the others refused. */
  const ask = (endpoint: PooledEndpoint, { answered = 0, refused = 0 }, error = refusal()): void => {
    const sent = Array.from({ length: answered + refused }, () => endpoint.begin(1));
    for (const [index, each] of sent.entries()) {
      if (index < answered) endpoint.answered(each);
      else endpoint.failed(each, error);
      endpoint.landed(each);
      endpoint.end(each);
    }
  };

  it('is taken for too many at a time', () => {
    const endpoint = open(new FakeClock());
    ask(endpoint, { refused: 4 });
    expect(endpoint.inFlight.isKnown).to.equal(true);
  });

  it('is not taken for too many at a time where the headers say that nothing is left', () => {
    const clock = new FakeClock();
    const endpoint = open(clock);
    const rates = [{ window: '', limit: 100, left: 0, resetMs: 5_000 }];
    state(rates, { since: clock.monotonic(), isTaken: false });
    ask(endpoint, { refused: 4 });
    expect(endpoint.inFlight.isKnown).to.equal(false);
    expect(endpoint.freeAt).to.equal(clock.monotonic() + 5_000);
  });

  it('is taken for too many a second where such a rate was found before', async () => {
    const clock = new FakeClock();
    const endpoint = open(clock);
    // Whoever says when to ask again counts by the second, and one alone was not too many at a time.
    for (let request = 0; request < 300; request++) {
      ask(endpoint, request % 5 < 3 ? { answered: 1 } : { refused: 1 }, refusal(10));
      await clock.advance(10);
    }
    expect(endpoint.rate.isFound).to.equal(true);
    ask(endpoint, { refused: 4 });
    expect(endpoint.inFlight.isKnown).to.equal(false);
  });

  for (const [name, last] of Object.entries({ 'an answer': { answered: 1 }, 'a refusal': { refused: 1 } })) {
    it(`has what was found of a number at a time tried again soon where a rate explains it, found with ${name}`, async () => {
      const clock = new FakeClock();
      const endpoint = open(clock);
      let doubts = 0;
      endpoint.inFlight.doubt = (): void => {
        doubts++;
      };
      const other = 'answered' in last ? { refused: 1 } : { answered: 1 };
      ask(endpoint, { answered: 1 });
      // The thirtieth request ends a round.
      for (let request = 2; request <= 30; request++) {
        ask(endpoint, request % 2 === 0 ? last : other);
        if (!endpoint.rate.isFound) expect(doubts).to.equal(0);
        await clock.advance(20);
      }
      expect(endpoint.rate.isFound).to.equal(true);
      expect(doubts).to.equal(1);
    });
  }
});
