import { expect } from 'chai';
import { eventSignatures, parseAbi } from '../../../src/chain/abi/abi.js';
import { UsageError } from '../../../src/runtime/errors.js';

const transfer = {
  type: 'event',
  name: 'Transfer',
  anonymous: false,
  inputs: [
    { name: 'from', type: 'address', indexed: true, internalType: 'address' },
    { name: 'to', type: 'address', indexed: true },
    { name: 'value', type: 'uint256', indexed: false },
  ],
};

function eventOf(...inputs: unknown[]): unknown[] {
  return [transfer, { type: 'event', name: 'Sold', inputs }];
}

describe('parseAbi', () => {
  it('takes a JSON array, with whatever else a contract declares', () => {
    const abi = [{ type: 'constructor', inputs: [] }, transfer, { type: 'receive' }, { name: 'old', inputs: [] }];
    expect(eventSignatures(parseAbi(abi))).to.deep.equal(['Transfer(address,address,uint256)']);
    expect(parseAbi(abi)[3]).to.include({ type: 'function', name: 'old' });
  });

  it('takes the artifacts of Hardhat, Foundry and Truffle', () => {
    for (const artifact of [
      { _format: 'hh-sol-artifact-1', contractName: 'Token', abi: [transfer], bytecode: '0x' },
      { abi: [transfer], bytecode: { object: '0x' }, methodIdentifiers: {} },
      { contractName: 'Token', abi: [transfer], networks: {} },
    ]) {
      expect(parseAbi(artifact)).to.deep.equal([transfer]);
    }
  });

  it('says in one line which entry is wrong, and how', () => {
    const wrong: [unknown, string][] = [
      [null, 'not an ABI'],
      ['[]', 'not an ABI'],
      [{ abi: {} }, 'not an ABI'],
      [[], 'the ABI has no event'],
      [[{ type: 'function', name: 'f', inputs: [] }], 'the ABI has no event'],
      [[transfer, 7], 'ABI entry 1: not an object'],
      [[{ type: 3 }], 'ABI entry 0: "type" is not a text'],
      [[{ type: 'event', inputs: [] }], 'ABI entry 0 (event): no "name"'],
      [[{ type: 'event', name: 'a b', inputs: [] }], 'ABI entry 0 (event a b): "a b" is not a name'],
      [
        [{ type: 'event', name: 'E'.repeat(256), inputs: [] }],
        'ABI entry 0 (event): its "name" has more than 255 characters',
      ],
      [[{ type: 'event', name: 'Sold', inputs: 5 }], 'ABI entry 0 (event Sold): no "inputs" array'],
      [[{ type: 'event', name: 'Sold', input: [] }], 'ABI entry 0 (event Sold): no "inputs" array'],
      [[{ ...transfer, anonymous: 'no' }], 'ABI entry 0 (event Transfer): "anonymous" is not true or false'],
      [eventOf('uint256'), 'ABI entry 1 (event Sold): inputs[0]: not an object'],
      [eventOf({ name: 'a' }), 'ABI entry 1 (event Sold): inputs[0]: no "type"'],
      [eventOf({ name: 1, type: 'bool' }), 'ABI entry 1 (event Sold): inputs[0]: "name" is not a text'],
      [eventOf({ type: 'bool', indexed: 1 }), 'ABI entry 1 (event Sold): inputs[0]: "indexed" is not true or false'],
      [eventOf({ name: 'to', type: 'addres' }), 'ABI entry 1 (event Sold): inputs[0] "to": unknown type "addres"'],
      [eventOf({ name: 'x', type: 'tuple' }), 'ABI entry 1 (event Sold): inputs[0] "x": a tuple without "components"'],
      [
        eventOf({ type: 'bool' }, { name: 'x', type: 'tuple[]', components: [{ name: 'y', type: 'uint7' }] }),
        'ABI entry 1 (event Sold): inputs[1] "x": components[0] "y": unknown type "uint7"',
      ],
      [
        eventOf({ type: 'tuple', components: [5] }),
        'ABI entry 1 (event Sold): inputs[0]: components[0]: not an object',
      ],
      [
        eventOf(...Array.from({ length: 4 }, () => ({ type: 'bool', indexed: true }))),
        'ABI entry 1 (event Sold): more than 3 indexed inputs',
      ],
    ];
    for (const [abi, message] of wrong) {
      const problem = problemWith(abi);
      expect(problem, JSON.stringify(abi)).to.be.instanceOf(UsageError);
      expect(problem?.message).to.equal(message);
      expect(problem?.message).not.to.include('\n');
    }
  });

  it('says so of a function, too, where functions are wanted', () => {
    const f = { type: 'function', name: 'f', inputs: [], outputs: [] };
    const event = { type: 'event', name: 'E', inputs: [] };
    const wrong: [unknown, string][] = [
      [[f, { ...f, inputs: 5 }], 'ABI entry 1 (function f): no "inputs" array'],
      [[{ ...f, outputs: 'null' }], 'ABI entry 0 (function f): no "outputs" array'],
      [[{ ...f, name: 5 }], 'ABI entry 0 (function): "name" is not a text'],
      [[{ name: 'f', inputs: [null] }], 'ABI entry 0 (function f): inputs[0]: not an object'],
      [[{ ...f, outputs: [{ name: 'a' }] }], 'ABI entry 0 (function f): outputs[0]: no "type"'],
    ];
    for (const [abi, message] of wrong) {
      expect(() => parseAbi(abi, 'function'), JSON.stringify(abi)).to.throw(UsageError, message);
      expect(problemWith([event, ...(abi as object[])]), 'where events are wanted').to.equal(undefined);
    }
    // Old compilers leave out what is empty; in libraries there are types that have no name outside.
    const others = [
      { type: 'function', name: 'g' },
      { ...f, inputs: [{ name: 's', type: 'Lib.Data storage' }] },
    ];
    expect(parseAbi(others, 'function')).to.have.length(2);
  });

  it('takes null for a list of a function with nothing in it, as programs in Go write it', () => {
    const written = { type: 'function', name: 'f', inputs: null, outputs: null };
    expect(parseAbi([written], 'function')).to.deep.equal([{ type: 'function', name: 'f' }]);
    expect(parseAbi([{ ...written, type: undefined }], 'function')).to.deep.equal([{ type: 'function', name: 'f' }]);
  });

  it('takes an event without inputs, and one whose inputs are null, for one without arguments', () => {
    const paused = { type: 'event', name: 'Paused' };
    const abi = parseAbi([{ ...paused, inputs: null }, paused]);
    expect(abi).to.deep.equal([paused, paused]);
    expect(eventSignatures(abi)).to.deep.equal(['Paused()', 'Paused()']);
  });

  it('refuses the types that no contract can have, and takes those that it can', () => {
    for (const type of ['uint0', 'uint264', 'uint08', 'int12', 'bytes0', 'bytes33', 'bytes01', 'fixed128x18', 'byte']) {
      expect(problemWith(eventOf({ type })), type).to.be.instanceOf(UsageError);
    }
    for (const type of [
      '',
      'uint256[',
      'uint256[]]',
      'uint[-1]',
      'uint[01]',
      'Uint256',
      'uint 256',
      'bool[9999999999]',
    ]) {
      expect(problemWith(eventOf({ type })), type).to.be.instanceOf(UsageError);
    }
    for (const type of ['uint', 'int', 'uint8', 'int256', 'bytes', 'bytes1', 'bytes32', 'function', 'bool[2][][3]']) {
      expect(problemWith(eventOf({ type })), type).to.equal(undefined);
    }
  });

  it('lets an anonymous event have four indexed inputs', () => {
    const inputs = Array.from({ length: 4 }, () => ({ type: 'bool', indexed: true }));
    expect(problemWith([{ type: 'event', name: 'Note', anonymous: true, inputs }])).to.equal(undefined);
  });
});

describe('an ABI that is made to cost', () => {
  const nested = (levels: number): object => {
    let parameter: object = { name: 'x', type: 'uint256' };
    for (let level = 0; level < levels; level++) parameter = { name: 't', type: 'tuple', components: [parameter] };
    return parameter;
  };
  const event = (input: object): object => ({ type: 'event', name: 'E', inputs: [input] });
  const ofArrays = (levels: number): object => event({ type: `uint256${'[]'.repeat(levels)}` });

  it('has at most a thousand events', () => {
    const events = Array.from({ length: 1_000 }, (_, n) => ({ type: 'event', name: `E${n}`, inputs: [] }));
    expect(parseAbi(events)).to.have.length(1_000);
    expect(() => parseAbi([...events, ...events.slice(0, 1)])).to.throw(
      UsageError,
      'the ABI has more than 1000 events',
    );
  });

  it('may have sixteen levels of tuples and of arrays', () => {
    expect(parseAbi([event(nested(16)), ofArrays(16)])).to.have.length(2);
  });

  it('has no more, not even in a function', () => {
    const asFunction = { type: 'function', name: 'f', inputs: [nested(100_000)] };
    for (const abi of [[event(nested(17))], [event(nested(100_000))], [event(nested(1)), asFunction]]) {
      expect(() => parseAbi(abi)).to.throw(UsageError, 'the ABI has tuples of more than 16 levels');
    }
    for (const levels of [17, 1_000_000]) {
      expect(() => parseAbi([ofArrays(levels)])).to.throw(UsageError, 'an array of more than 16 levels');
    }
  });
});

describe('eventSignatures', () => {
  it('expands tuples and the short names of integers', () => {
    const components = [
      { name: 'id', type: 'uint' },
      { name: 'parts', type: 'tuple[2]', components: [{ name: 'call', type: 'function' }] },
    ];
    const abi = parseAbi(eventOf({ name: 'order', type: 'tuple[]', components }, { type: 'int[3]' }));
    expect(eventSignatures(abi)[1]).to.equal('Sold((uint256,(function)[2])[],int256[3])');
  });
});

function problemWith(abi: unknown): Error | undefined {
  try {
    parseAbi(abi);
    return undefined;
  } catch (error) {
    return error as Error;
  }
}
