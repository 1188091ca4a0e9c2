import { expect } from 'chai';
import { chainIdOfName, chainNameOf, knownChains } from '../../src/model/chain.js';

describe('the known chains', () => {
  it('have an id each of its own', () => {
    expect(new Set(knownChains.values()).size).to.equal(knownChains.size);
  });

  it('are told by name, others by chain-<id>', () => {
    const ids = ['ethereum', 'optimism', 'bsc', 'gnosis', 'polygon', 'base', 'arbitrum'].map(chainIdOfName);
    expect(ids).to.deep.equal([1, 10, 56, 100, 137, 8453, 42161]);
    expect(chainIdOfName('chain-31337')).to.equal(31337);
  });

  it('have their names back by their ids', () => {
    for (const [name, id] of knownChains) expect(chainNameOf(id)).to.equal(name);
    expect(chainNameOf(31337)).to.equal('chain-31337');
  });

  it('are unknown by any other name', () => {
    for (const name of ['', 'chain-', 'chain-0', 'chain-01', 'chain-9999999999999999', 'constructor', 'chain-1x']) {
      expect(chainIdOfName(name), name).to.equal(undefined);
    }
  });
});
