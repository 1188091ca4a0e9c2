import { expect } from 'chai';
import { readCase, readRpcErrors, withCorpus } from './corpus.js';
import { Replay } from './replay.js';

withCorpus('the recorded data', (names) => {
  for (const name of names) {
    it(`hold a result for each log of ${name}`, () => {
      const recorded = readCase(name);
      expect(recorded.name).to.equal(name);
      expect(recorded.logs.length).to.be.greaterThan(0);
      expect(recorded.expected.length).to.equal(recorded.logs.length);
    });
  }

  it('hold RPC errors with what to do about them', () => {
    for (const error of readRpcErrors()) expect(error.action, error.id).to.be.a('string');
  });

  it('are served as a node, with the faults that were asked for', async () => {
    const recorded = readCase(names[0]!);
    const replay = await Replay.start(recorded.name, '--flaky', `${readRpcErrors()[0]!.id}:2`);
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_chainId', params: [] });
    const ask = async (): Promise<unknown> => (await fetch(replay.url, { method: 'POST', body })).json();
    expect(await ask()).to.deep.include({ result: `0x${recorded.chainId.toString(16)}` });
    expect(await ask()).to.have.property('error');
    expect(await replay.stats()).to.include({ requests: 2, errorsInjected: 1 });
    await replay.stop();
  });
});
