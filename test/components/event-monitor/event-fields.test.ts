import { expect } from 'chai';
import { eventMonitorFields } from '../../../src/components/event-monitor/event-fields.js';
import { eventMonitor } from '../../../src/components/event-monitor/kind.js';
import type { AbiFragment } from '../../../src/model/pipeline.js';

const abi: readonly AbiFragment[] = [
  {
    type: 'event',
    name: 'Filled',
    inputs: [
      { name: 'label', type: 'string', indexed: true },
      {
        name: 'orders',
        type: 'tuple[]',
        components: [
          { name: 'maker', type: 'address' },
          { name: '', type: 'uint256' },
        ],
      },
    ],
  },
];

describe('the fields of an event', () => {
  it('have the types of their values: addresses, hashes, and the members of tuples', async () => {
    const reading = { abi: () => Promise.resolve(abi) };
    const keys = { chain_name: 'ethereum', abi_path: 'x' };
    const [event] = eventMonitorFields(await (await eventMonitor.schema(reading)).parseAsync(keys));
    const types = Object.fromEntries(event!.fields.map(({ name, type }) => [name, type]));
    expect(types).to.include({
      ...{ contract_address: 'address', block_hash: 'hash', transaction_hash: 'hash', block_number: 'int64' },
      ...{ block_time: 'text', 'args.label': 'hash', 'args.orders': '(address,uint256)[]' },
    });
    expect(event!.fields.at(-1)!.members).to.deep.equal([
      { name: 'maker', type: 'address' },
      { name: '1', type: 'uint256' },
    ]);
  });
});
