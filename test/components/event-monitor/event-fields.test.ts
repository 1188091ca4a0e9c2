import { expect } from 'chai';
import { eventMonitorFields } from '../../../src/components/event-monitor/event-fields.js';
import type { EventMonitorConfig } from '../../../src/components/event-monitor/config.js';
import { eventMonitor } from '../../../src/components/event-monitor/kind.js';
import type { EventFields, Field } from '../../../src/components/seam/component.js';
import type { AbiFragment, AbiParameter } from '../../../src/model/pipeline.js';

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

  describe('whose ABIs name its arguments differently', () => {
    const shape = (...inputs: readonly AbiParameter[]): AbiFragment => ({ type: 'event', name: 'Moved', inputs });
    const eventsOf = (...abis: readonly (readonly AbiFragment[])[]): readonly EventFields[] =>
      eventMonitorFields({
        contracts: abis.map((each) => ({ addresses: null, abi: each })),
        eventsToMonitor: ['Moved'],
      } as unknown as EventMonitorConfig);
    const argumentsIn = (fields: readonly Field[]): readonly string[] =>
      fields.filter(({ name }) => name.startsWith('args.')).map(({ name, type }) => `${name} ${type}`);
    /** Of two arguments that swap their names, the type of one. */
    const joined = (one: string, other: string): string => {
      const first = shape({ name: 'a', type: one }, { name: 'b', type: other });
      const second = shape({ name: 'b', type: one }, { name: 'a', type: other });
      const [event] = eventsOf([first], [second]);
      return event!.fields.find(({ name }) => name === 'args.a')!.type;
    };

    const weth = shape({ name: 'src', type: 'address', indexed: true }, { name: 'wad', type: 'uint256' });
    const usdc = shape({ name: 'from', type: 'address', indexed: true }, { name: 'value', type: 'uint256' });
    const nft = shape(
      { name: 'from', type: 'address', indexed: true },
      { name: 'tokenId', type: 'uint256', indexed: true },
    );

    it('are those of all of them, of one event, in the order in which they come first', () => {
      const other: AbiFragment = { ...weth, name: 'Other' };
      const [event, ...others] = eventsOf([other, weth], [usdc, nft, other], [weth]);
      expect(others).to.deep.equal([]);
      expect(argumentsIn(event!.fields)).to.deep.equal([
        ...['args.src address', 'args.wad uint256', 'args.from address', 'args.value uint256', 'args.tokenId uint256'],
      ]);
      expect(event!.fields.filter(({ name }) => name === 'block_number')).to.have.length(1);
      expect(event!.shapes?.map(argumentsIn)).to.deep.equal([
        ['args.src address', 'args.wad uint256'],
        ['args.from address', 'args.value uint256'],
        ['args.from address', 'args.tokenId uint256'],
      ]);
    });

    it('are told as one where they are written alike, whether or not a value is indexed', () => {
      const indexed = shape({ name: 'src', type: 'address' }, { name: 'wad', type: 'uint256', indexed: true });
      const [event, ...others] = eventsOf([weth], [indexed]);
      expect(others).to.deep.equal([]);
      expect(argumentsIn(event!.fields)).to.deep.equal(['args.src address', 'args.wad uint256']);
      expect(event).not.to.have.property('shapes');
    });

    it('are those of an anonymous event of one ABI, too', () => {
      const [event, ...others] = eventsOf([weth, { ...usdc, anonymous: true }]);
      expect(others).to.deep.equal([]);
      expect(argumentsIn(event!.fields).map((each) => each.split(' ')[0])).to.deep.equal([
        ...['args.src', 'args.wad', 'args.from', 'args.value'],
      ]);
    });

    it('have a type that holds what either says under a name', () => {
      expect(joined('uint8', 'uint256')).to.equal('uint256');
      expect(joined('int16', 'int8')).to.equal('int16');
      expect(joined('uint8', 'int8')).to.equal('int16');
      expect(joined('int256', 'uint248')).to.equal('int256');
      expect(joined('uint256', 'int8')).to.equal('text');
      expect(joined('address', 'bytes20')).to.equal('text');
      expect(joined('bool', 'uint8')).to.equal('text');
      const text = { name: 'a', type: 'string' };
      expect(argumentsIn(eventsOf([shape(text), shape({ ...text, indexed: true })])[0]!.fields)).to.deep.equal([
        'args.a text',
      ]);
    });

    it('have the members of all of their tuples', () => {
      const order = (...names: readonly string[]): AbiFragment =>
        shape({ name: 'orders', type: 'tuple[]', components: names.map((name) => ({ name, type: 'uint256' })) });
      const [event] = eventsOf([order('price', 'amount')], [order('amount', 'fee')]);
      expect(event!.fields.at(-1)).to.deep.equal({
        ...{ name: 'args.orders', type: '(uint256,uint256)[]' },
        members: ['price', 'amount', 'fee'].map((name) => ({ name, type: 'uint256' })),
      });
    });
  });
});
