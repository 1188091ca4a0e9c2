import { expect } from 'chai';
import type { ChainNotice } from '../../../../src/chain/transport/rpc/chain-notice.js';
import { ChainClient, type ChainClientOptions } from '../../../../src/chain/blocks/chain-client.js';
import { systemClock } from '../../../../src/runtime/clock.js';
import { silentLogger } from '../../../../src/runtime/logger.js';
import { ChainSimulator } from '../../../support/chain-simulator.js';

const never = new AbortController().signal;

describe('an observer of a chain', () => {
  let node: ChainSimulator;
  let events: ChainNotice[];
  let client: ChainClient;

  const open = (options: Partial<ChainClientOptions> = {}): ChainClient =>
    new ChainClient({
      ...{ urls: [`${node.url}/secretkey`], chainId: 31_337, clock: systemClock, logger: silentLogger },
      ...{ backoff: { firstMs: 1, maxMs: 5 }, observe: (event: ChainNotice) => void events.push(event), ...options },
    });
  const results = (): readonly string[] =>
    events
      .flatMap((event) => (event.kind === 'requested' ? event.calls : []))
      .map(({ method, result }) => `${method} ${result}`);
  const states = (): readonly boolean[] => events.flatMap((event) => (event.kind === 'endpoint' ? [event.isUp] : []));

  beforeEach(async () => {
    node = await ChainSimulator.start();
    node.mine(3);
    events = [];
  });
  afterEach(async () => {
    await client.close();
    await node.stop();
  });

  it('hears of each call of a request, by the host of the endpoint and not by its URL', async () => {
    client = open();
    await client.heads('finalized', never);
    expect(results()).to.deep.equal(['eth_chainId ok', 'eth_getBlockByNumber ok', 'eth_getBlockByNumber ok']);
    const { host } = new URL(node.url);
    expect(new Set(events.map(({ endpoint }) => endpoint))).to.deep.equal(new Set([host]));
    expect(states()).to.deep.equal([true]);
    expect(JSON.stringify(events)).not.to.contain('secretkey');
  });

  it('hears how calls failed, when the endpoint went away and when it was back', async () => {
    node.options = { fault: (_calls, request) => (request <= 4 ? { kind: 'drop' } : undefined) };
    client = open();
    await client.header(2, never);
    expect(results().filter((text) => text.endsWith('transport'))).to.have.length(4);
    expect(results().slice(-1)).to.deep.equal(['eth_getBlockByNumber ok']);
    expect(states().at(-1)).to.equal(true);
    expect(states()).to.include(false);
  });

  it('hears of a refused batch, and of calls that nobody waits for any more', async () => {
    node.options = { batches: 'none' };
    client = open();
    await client.heads('finalized', never);
    expect(results().filter((text) => text.endsWith(' batch'))).to.have.length(2);
    const stop = new AbortController();
    // Not before the node has it: a call that was never sent is none to hear of.
    const abortAsked = (): { kind: 'hang' } => {
      stop.abort(new Error('no longer wanted'));
      return { kind: 'hang' };
    };
    node.options = { fault: abortAsked };
    await client.header(1, stop.signal).catch(() => undefined);
    expect(results().at(-1)).to.equal('eth_getBlockByNumber aborted');
  });
});
