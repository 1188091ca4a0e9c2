import { expect } from 'chai';
import { Chains } from '../../src/chain/chains.js';
import type { ChainUse } from '../../src/chain/chains.js';
import type { Logger } from '../../src/runtime/logger.js';
import { systemClock } from '../../src/runtime/clock.js';
import { silentLogger } from '../../src/runtime/logger.js';
import { ChainSimulator } from '../support/chain-simulator.js';
import { eventually } from '../support/within.js';

const chainId = 31_337;
const never = new AbortController().signal;

describe('the chains of a process', () => {
  let node: ChainSimulator;
  let chains: Chains;

  beforeEach(async () => {
    node = await ChainSimulator.start();
    node.mine(3);
    chains = new Chains({ clock: systemClock });
  });
  afterEach(() => node.stop());

  it('let two pipelines on one chain share its client, its heads and each question', async () => {
    const open = (): ChainUse => chains.open({ chainId, urls: [node.url], logger: silentLogger });
    const [one, other] = [open(), open()];
    expect(one.client).to.equal(other.client);
    const news = await Promise.all([one, other].map((use) => use.heads.next(0, 1_000, never)));
    expect(news.map((heard) => heard.head?.number)).to.deep.equal([3, 3]);
    expect(node.requests).to.deep.equal([['eth_chainId'], ['eth_getBlockByNumber']]);
    await Promise.all([one.close(), other.close()]);
  });

  it('let them share one subscription', async () => {
    const uses = [1, 2].map(() => chains.open({ chainId, urls: [node.wsUrl], logger: silentLogger }));
    await Promise.all(uses.map((use) => use.heads.next(0, 1_000, never)));
    await eventually('there is a subscriber', () => node.sockets.subscribers === 1);
    node.mine(2);
    await eventually('the endpoint has told the head', () => uses[0]?.client.health()[0]?.newestBlock === 5);
    expect(node.sockets.connections).to.equal(1);
    await Promise.all(uses.map((use) => use.close()));
    await eventually('nobody is connected', () => node.sockets.subscribers === 0);
  });

  it('keep apart other chains and other URLs', async () => {
    const uses = [
      chains.open({ chainId, urls: [node.url], logger: silentLogger }),
      chains.open({ chainId: 1, urls: [node.url], logger: silentLogger }),
      chains.open({ chainId, urls: [`${node.url}/other`], logger: silentLogger }),
    ];
    expect(new Set(uses.map((use) => use.client)).size).to.equal(3);
    await Promise.all(uses.map((use) => use.close()));
  });

  it('close a chain with its last user, however often one of them gives it back, and open it anew for the next', async () => {
    const spec = { chainId, urls: [node.url], logger: silentLogger };
    const [one, other] = [chains.open(spec), chains.open(spec)];
    await one.close();
    await one.close();
    expect(await other.client.chainId(never)).to.equal(chainId);
    expect(chains.open(spec).client).to.equal(other.client);
    await other.close();
    const again = chains.open(spec);
    expect(again.client).to.equal(other.client);
    await again.close();
  });

  it('have the endpoints of a chain watched from its opening to its end, however many share it', async () => {
    const seen: string[] = [];
    chains = new Chains({
      clock: systemClock,
      watchEndpoints: (id, health) => {
        seen.push(`watch ${id}`);
        return () => {
          seen.push(`end ${String(health()[0]?.newestBlock)}`);
          return Promise.resolve();
        };
      },
    });
    const [one, other] = [1, 2].map(() => chains.open({ chainId, urls: [node.url], logger: silentLogger }));
    await one?.client.header('latest', never);
    await one?.close();
    expect(seen).to.deep.equal([`watch ${chainId}`]);
    await other?.close();
    expect(seen).to.deep.equal([`watch ${chainId}`, 'end 3']);
  });

  it('tell each user of troubles only as long as it holds the chain', async () => {
    const heard: string[] = [];
    const loggerOf = (name: string): Logger => ({ log: () => heard.push(name) });
    const one = chains.open({ chainId: 1, urls: [node.url], logger: loggerOf('one') });
    const other = chains.open({ chainId: 1, urls: [node.url], logger: loggerOf('other') });
    await one.close();
    await other.client.chainId(never).catch(() => undefined);
    expect(new Set(heard)).to.deep.equal(new Set(['other']));
    await other.close();
  });
});
