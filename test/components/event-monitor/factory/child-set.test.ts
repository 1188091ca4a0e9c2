import { expect } from 'chai';
import { ChildSet } from '../../../../src/components/event-monitor/factory/child-set.js';
import { factoryLevels } from '../../../../src/components/event-monitor/factory/levels.js';
import { address, factoryConfig } from './factory-chain.js';

describe('the children of a factory in memory', () => {
  const old = { level: 0, address: address(1), since: 30, earlier: { from: 1, to: 60 } };
  const late = { level: 0, address: address(2), since: 45, earlier: { from: 1, to: 60 } };
  /** Announcements up to block 40 are known; blocks up to 60 have been read. */
  const children = (): ChildSet => {
    const { factory } = factoryConfig();
    if (factory === undefined) throw new Error('there is no factory');
    const set = new ChildSet(factoryLevels(factory), { definition: '', knownTo: 40, children: [old] });
    set.add(late, 61);
    return set;
  };

  it('still wait for all earlier blocks where a search for others has failed', () => {
    const set = children();
    set.forgetAbove(40);
    expect(set.addresses).to.deep.equal([old.address]);
    expect(set.earlier).to.deep.equal(old.earlier);
  });

  it('wait for those up to the block down to which the chain has been replaced', () => {
    const set = children();
    set.dropAbove(40);
    expect(set.addresses).to.deep.equal([old.address]);
    expect(set.earlier).to.deep.equal({ from: 1, to: 40 });
  });
});
