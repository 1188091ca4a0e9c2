import { expect } from 'chai';
import { compileEvent, sharedEvent } from '../../../src/chain/abi/compile-event.js';
import { collectGarbage } from '../../support/garbage.js';
import { eventually } from '../../support/within.js';

const transfer = (name: string): { type: string; name: string; inputs: { name: string; type: string }[] } => ({
  ...{ type: 'event', name, inputs: [{ name: 'value', type: 'uint256' }] },
});

describe('an event that many pipelines decode', () => {
  it('is compiled once for all of them, and another one for itself', () => {
    const event = sharedEvent(transfer('Sent'));
    expect(sharedEvent(transfer('Sent'))).to.equal(event);
    expect(event.signature).to.equal(compileEvent(transfer('Sent'), null).signature);
    expect(sharedEvent(transfer('Taken')).signature).to.equal('Taken(uint256)');
  });

  it('is forgotten once nobody holds it', async () => {
    const event = new WeakRef(sharedEvent(transfer('Rare')));
    await eventually('it is gone', () => {
      collectGarbage();
      return event.deref() === undefined;
    });
    expect(sharedEvent(transfer('Rare')).name).to.equal('Rare');
  });
});
