import { AbiCoder, Interface, id } from 'ethers';
import { expect } from 'chai';
import { Method, ValueError } from '../../../src/components/contract-caller/method.js';
import { jsonText } from '../../../src/model/event-message.js';
import type { JsonValue } from '../../../src/model/event-message.js';
import type { AbiParameter } from '../../../src/model/pipeline.js';

const coder = AbiCoder.defaultAbiCoder();
const methodOf = (outputs: readonly AbiParameter[], inputs: readonly AbiParameter[] = []): Promise<Method> =>
  Method.load({ type: 'function', name: 'f', inputs, outputs });
const answerOf = async (type: string, value: unknown, components?: readonly AbiParameter[]): Promise<string> => {
  const written =
    components === undefined ? type : `tuple(${components.map((each) => each.type).join(',')})${type.slice(5)}`;
  return jsonText((await methodOf([{ type, components }])).decode(coder.encode([written], [value])));
};

describe('an answer of a contract', () => {
  it('is a number as far as 64 bits go, and a text beyond', async () => {
    expect(await answerOf('uint256', 2n ** 63n - 1n)).to.equal('9223372036854775807');
    expect(await answerOf('uint256', 2n ** 63n)).to.equal('"9223372036854775808"');
    expect(await answerOf('int256', -(2n ** 63n))).to.equal('-9223372036854775808');
    expect(await answerOf('int256', -(2n ** 63n) - 1n)).to.equal('"-9223372036854775809"');
    expect(await answerOf('uint8', 6)).to.equal('6');
  });

  it('is written as in an event’s arguments', async () => {
    expect(await answerOf('address', `0x${'ab'.repeat(20)}`)).to.equal('"0xABaBaBaBABabABabAbAbABAbABabababaBaBABaB"');
    expect(await answerOf('bytes4', '0xABCDEF01')).to.equal('"0xabcdef01"');
    expect(await answerOf('bool', true)).to.equal('true');
    expect(await answerOf('uint8[]', [1, 2])).to.equal('[1,2]');
    const components = [{ name: 'a', type: 'string' }, { type: 'int8' }];
    expect(await answerOf('tuple[]', [['x', -1]], components)).to.equal('[{"1":-1,"a":"x"}]');
    const several = await methodOf([{ type: 'uint112' }, { type: 'bool' }]);
    expect(several.decode(coder.encode(['uint112', 'bool'], [5, false]))).to.deep.equal([5, false]);
  });

  it('keeps what is no UTF-8 as hex, and reads a text out of 32 bytes', async () => {
    const method = await methodOf([{ type: 'string' }]);
    expect(method.decode(coder.encode(['bytes'], ['0xff']))).to.deep.equal({ hex: '0xff' });
    expect(method.decode(`0x${Buffer.from('MKR').toString('hex').padEnd(64, '0')}`)).to.equal('MKR');
  });

  it('is none where its type does not allow it', async () => {
    const word = (value: bigint): string => coder.encode(['uint256'], [value]);
    for (const [type, data] of [
      ['uint8', word(256n)],
      ['bool', word(2n)],
      ['int8', word(128n)],
      ['address', word(2n ** 160n)],
      ['uint256', '0x'],
      ['uint256', '0x01'],
      ['string', word(2n ** 255n) + '00'],
      ['uint256[]', word(32n) + 'f'.repeat(64)],
    ] as const) {
      const method = await methodOf([{ type }]);
      expect(() => method.decode(data), `${type} ${data}`).to.throw(ValueError);
    }
  });
});

describe('a call of a contract', () => {
  const dataOf = async (inputs: readonly AbiParameter[], ...values: readonly JsonValue[]): Promise<string> =>
    (await methodOf([], inputs)).encode(values);
  const bool = { name: 'a', type: 'bool' };

  it('takes no text for a truth, however deep in a parameter it stands', async () => {
    const wrong: [AbiParameter, JsonValue, string][] = [
      [bool, 'false', 'parameter 0 is neither true nor false'],
      [{ type: 'bool[]' }, [true, 'false'], 'parameter 0[1] is neither true nor false'],
      [{ type: 'tuple', components: [bool] }, { a: 'false' }, 'parameter 0.a is neither true nor false'],
      [{ type: 'tuple[1]', components: [bool] }, [['false']], 'parameter 0[0].a is neither true nor false'],
      [{ type: 'tuple', components: [bool] }, {}, 'parameter 0 has no a'],
      [{ type: 'tuple', components: [bool] }, true, 'parameter 0 is no tuple of 1'],
      [{ type: 'tuple', components: [bool] }, [true, true], 'parameter 0 is no tuple of 1'],
      [{ type: 'bool[]' }, { 0: true }, 'parameter 0 is no list'],
    ];
    for (const [input, value, text] of wrong) {
      const method = await methodOf([], [input]);
      expect(() => method.encode([value]), text).to.throw(ValueError, text);
    }
  });

  it('is written as ethers writes it, of every type and by the names that events give to members', async () => {
    const inputs: AbiParameter[] = [
      { type: 'bool[2][]' },
      { type: 'tuple[]', components: [bool, { type: 'uint' }, { name: 'a', type: 'string' }] },
      { type: 'tuple', components: [] },
      { type: 'bytes4' },
    ];
    const values = [[[true, false]], [{ a: true, 1: '5', a_2: 'x' }, [false, 6, 'y']], {}, '0xABCDEF01'];
    const signature = 'f(bool[2][],(bool,uint256,string)[],(),bytes4)';
    const written = new Interface([`function ${signature}`]).encodeFunctionData('f', [
      ...[
        [[true, false]],
        [
          [true, 5, 'x'],
          [false, 6, 'y'],
        ],
        [],
        '0xabcdef01',
      ],
    ]);
    expect(await dataOf(inputs, ...values)).to.equal(written);
  });

  it('may have functions among what it takes and gives', async () => {
    const pointer = `0x${'ab'.repeat(24)}`;
    const word = 'ab'.repeat(24).padEnd(64, '0');
    expect(await dataOf([{ type: 'function' }], pointer)).to.equal(id('f(function)').slice(0, 10) + word);
    expect((await methodOf([{ name: 'g h', type: 'function' }])).decode(`0x${word}`)).to.equal(pointer);
  });

  it('takes values as events hold them, and no others', async () => {
    const method = await methodOf([], [{ type: 'address' }, { type: 'uint256' }, { type: 'bool' }]);
    const wrongChecksum = '0xABABABABABABABABABABABABABABABABABABABAB';
    expect(method.encode([wrongChecksum, '12', true])).to.have.length(10 + 3 * 64);
    for (const values of [
      [null, '1', true],
      ['x', '1', true],
      [wrongChecksum, '1.5', true],
      [wrongChecksum, '1', 'false'],
    ]) {
      expect(() => method.encode(values), JSON.stringify(values)).to.throw(ValueError);
    }
  });

  it('keeps the case of a text that looks like an address', async () => {
    const method = await methodOf([], [{ type: 'string' }]);
    const text = '0xABABABABABABABABABABABABABABABABABABABAB';
    expect(method.encode([text])).to.include(Buffer.from(text).toString('hex'));
  });
});
