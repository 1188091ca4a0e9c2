import { expect } from 'chai';
import type { EventFields } from '../../../src/components/seam/component.js';
import { givenMessage } from '../../../src/tasks/preview/preview-event.js';

const named = { eventName: 'Set', eventSignature: 'Set(uint256)', mapped: false };
const fields = [
  ...['block_number', 'timestamp'].map((name) => ({ name, type: 'int64' })),
  ...[
    { name: 'block_hash', type: 'hash' },
    { name: 'args.value', type: 'uint256' },
  ],
];
const events: readonly EventFields[] = [{ ...named, fields }];
const asked: (number | undefined)[] = [];
const defaults = {
  chainId: 1,
  block: (number = 99) => {
    asked.push(number);
    return Promise.resolve({ number, hash: `0x${'77'.repeat(32)}` });
  },
};
const message = (event: object) =>
  givenMessage({ key: 'event', text: JSON.stringify(event) }, { events, added: [], chainId: 1 }, defaults);

describe('givenMessage', () => {
  afterEach(() => asked.splice(0));

  it('asks for the block that an event names by its number, for the newest where it names none, else for nothing', async () => {
    const block = async (event: object): Promise<readonly unknown[]> => {
      const { place } = await message({ event_name: 'Set', ...event });
      return [place.blockNumber, place.blockHash.slice(0, 4)];
    };
    expect(await block({ block_number: 5 })).to.deep.equal([5, '0x77']);
    expect(await block({})).to.deep.equal([99, '0x77']);
    expect(await block({ block_number: 7, block_hash: `0x${'66'.repeat(32)}` })).to.deep.equal([7, '0x66']);
    expect(asked).to.deep.equal([5, 99]);
  });

  it('takes a number among the arguments for its digits, and knows the signature', async () => {
    const { data, eventSignature } = await message({ event_name: 'Set', args: { value: 5 } });
    expect([data.text, eventSignature]).to.deep.equal(['{"event_name":"Set","args":{"value":"5"}}', 'Set(uint256)']);
  });
});
