import { expect } from 'chai';
import type { EventFields } from '../../../src/components/seam/component.js';
import { contractCaller } from '../../../src/components/contract-caller/kind.js';
import type { AbiFragment } from '../../../src/model/pipeline.js';
import { AbiResolver } from '../../../src/pipeline/definition/resolve-abi.js';

const abis = new AbiResolver(null, () => Promise.reject(new Error('none is stored')));
const schema = contractCaller.schema(abis);
const pair = { contract_address: `0x${'a'.repeat(40)}`, abi_path: 'builtin:uniswap-v2-pair' };
const above: EventFields = {
  eventName: 'Swap',
  eventSignature: 'Swap()',
  fields: [{ name: 'symbol', type: 'text' }],
  mapped: false,
};

async function problemsOf(keys: object): Promise<readonly string[]> {
  const { error } = await (await schema).safeParseAsync(keys);
  return (error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);
}

describe('a contract caller’s definition', () => {
  it('tells which fields it adds, by the types that its methods return', async () => {
    const callers = [
      { ...pair, method_name: 'decimals', result_key: 'd' },
      { ...pair, method_name: 'getReserves' },
      { ...pair, method_name: 'symbol' },
      { ...pair, method_name: 'totalSupply', result_key: 'all' },
      { ...pair, method_name: 'totalSupply', result_key: 'all' },
      { ...pair, method_name: 'name', result_key: 'other', event_name: 'Mint' },
    ];
    const config = await (await schema).parseAsync({ contract_callers: callers });
    const { fields, mapped } = contractCaller.fields!(config, [above])[0]!;
    expect(mapped).to.equal(false);
    expect(fields.map(({ name, type }) => `${name} ${type}`)).to.deep.equal([
      'symbol text',
      'd uint8',
      'getReserves (uint112,uint112,uint32)',
      'getReserves_result (uint112,uint112,uint32)',
      'symbol_result string',
      'all uint256[]',
    ]);
  });

  it('is told of a key that the event has already, where all events have it', async () => {
    const events = [
      {
        ...above,
        fields: [...above.fields, { name: 'block_number', type: 'int64' }, { name: 'args.to', type: 'address' }],
      },
      { ...above, eventName: 'Sync', eventSignature: 'Sync()', fields: [{ name: 'block_number', type: 'int64' }] },
    ];
    const remarksOn = async (keys: object): Promise<readonly string[]> => {
      const config = await (
        await schema
      ).parseAsync({ contract_callers: [{ ...pair, method_name: 'symbol', ...keys }] });
      const remarks = await contractCaller.remarks!(config, events);
      return remarks.map(({ at, message }) => `${at.join('.')}: ${message}`);
    };
    const taken = 'never overwritten: the call is not made';
    expect(await remarksOn({ result_key: 'block_number' })).to.deep.equal([
      `contract_callers.0.result_key: block_number is a key of the event, ${taken}`,
    ]);
    expect(await remarksOn({ event_name: 'Swap', result_key: 'args' })).to.deep.equal([
      `contract_callers.0.result_key: args is a key of the event, ${taken}`,
    ]);
    expect(await remarksOn({ event_name: 'Swap', result_key: 'symbol' })).to.have.length(1);
    const asked = { ...above, fields: [...above.fields, { name: 'symbol_result', type: 'string' }] };
    const unnamed = await (await schema).parseAsync({ ...pair, method_name: 'symbol' });
    expect(await contractCaller.remarks!(unnamed, [asked])).to.deep.equal([
      {
        at: ['contract_callers', 0, 'method_name'],
        message: `symbol and symbol_result are keys of the event, ${taken}`,
      },
    ]);
    // Of these some events have room.
    expect(await remarksOn({ result_key: 'symbol' })).to.deep.equal([]);
    expect(await remarksOn({ event_name: 'Swap' })).to.deep.equal([]);
    expect(await remarksOn({ result_key: 'to' })).to.deep.equal([]);
  });

  it('is the same in its flat form and as a list, and gives its keys again', async () => {
    const call = { ...pair, method_name: 'balanceOf(address)', method_params: ['args.to'], block: 'latest' };
    const flat = await (await schema).parseAsync(call);
    const list = await (await schema).parseAsync({ contract_callers: [call] });
    expect(flat).to.deep.equal(list);
    expect(await (await schema).parseAsync(contractCaller.keys(flat))).to.deep.equal(flat);
    const dynamic = { ...call, contract_address: undefined, contract_address_field: 'args.x' };
    const ofField = await (await schema).parseAsync(JSON.parse(JSON.stringify(dynamic)));
    expect(await (await schema).parseAsync(contractCaller.keys(ofField))).to.deep.equal(ofField);
  });

  it('is told what it lacks, and what the method would be', async () => {
    expect(await problemsOf({})).to.have.members([
      'abi_path: is required',
      'contract_address: is required',
      'method_name: is required',
    ]);
    expect(await problemsOf({ ...pair, method_name: 'decimal' })).to.deep.equal([
      'method_name: "decimal" is no method of the ABI; the nearest is decimals',
    ]);
    expect(await problemsOf({ ...pair, method_name: 'balanceOf' })).to.deep.equal([
      'method_params: must list 1 value for balanceOf(address), not 0',
    ]);
    expect(
      await problemsOf({ ...pair, method_name: 'symbol', contract_callers: [{ ...pair, method_name: 'name' }] }),
    ).to.deep.equal(
      ['contract_address', 'abi_path', 'method_name'].map(
        (key) => `${key}: can't stand beside contract_callers: give one of the two`,
      ),
    );
    const overloaded = ['uint256', 'address'].map((type) => ({
      type: 'function',
      name: 'f',
      inputs: [{ type }],
      outputs: [],
    }));
    expect(
      await problemsOf({
        contract_address: pair.contract_address,
        abi: overloaded,
        method_name: 'f',
        method_params: [1],
      }),
    ).to.deep.equal(['method_name: is the name of several methods: write f(uint256) or f(address)']);
    expect(
      await problemsOf({
        contract_address: pair.contract_address,
        abi: overloaded,
        method_name: 'f(uint)',
        method_params: [1],
      }),
    ).to.deep.equal([]);
    expect(await problemsOf({ ...pair, contract_address_source: 'dynamic', method_name: 'name' })).to.deep.equal([
      'contract_address_field: is required',
    ]);
  });

  it('may have a method twice in its ABI, as those of a proxy and what stands behind it together do', async () => {
    const callOf = (abi: readonly object[], method_name: string): object => ({
      ...{ contract_address: pair.contract_address, abi, method_name, method_params: ['args.to'] },
    });
    const method = (name: string, output: object): object => ({
      ...{ type: 'function', name: 'f', inputs: [{ name, type: 'address' }], outputs: [output] },
    });
    const twice = [method('a', { type: 'uint' }), method('b', { name: 'x', type: 'uint256' })];
    for (const written of ['f', 'f(address)']) {
      expect((await (await schema).parseAsync(callOf(twice, written))).calls[0]?.method).to.deep.equal(twice[0]);
      const other = [...twice, method('a', { type: 'uint8' })];
      expect(await problemsOf(callOf(other, written))).to.deep.equal([
        'method_name: is f(address) of several methods, which return different types: leave only one in the ABI',
      ]);
    }
  });

  it('is told of a method that is none, by a problem of its key', async () => {
    const f = { type: 'function', name: 'f', inputs: 5, outputs: [] };
    const stored = new AbiResolver(null, () => Promise.resolve([f as unknown as AbiFragment]));
    const call = { contract_address: pair.contract_address, method_name: 'f' };
    expect(await problemsOf({ ...call, abi: [f] })).to.deep.equal(['abi: ABI entry 0 (function f): no "inputs" array']);
    const { error } = await (await contractCaller.schema(stored)).safeParseAsync({ ...call, abi_path: 'abi_id:7' });
    expect(error?.issues.map(({ message }) => message)).to.deep.equal([
      'abi_id:7: ABI entry 0 (function f): no "inputs" array',
    ]);
  });
});
