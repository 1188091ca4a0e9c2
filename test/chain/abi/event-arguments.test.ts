import { expect } from 'chai';
import { AbiCoder, id } from 'ethers';
import type { AbiFragment, AbiParameter } from '../../../src/model/pipeline.js';
import { argsText, decoderOf, event, rawLog, reasonOf, word, wordDigits } from './log-fixtures.js';

const coder = AbiCoder.defaultAbiCoder();

/** Decodes a log of an event `E` of one argument `x` that stands in the data. */
function decodeOne(type: string | AbiParameter, words: (number | bigint | string)[], tail = ''): string {
  const input = typeof type === 'string' ? { name: 'x', type } : { name: 'x', ...type };
  return decodeData([input], `0x${words.map((value) => wordDigits(value)).join('')}${tail}`);
}

/** Returns the arguments' text, or the reason why there are none. */
function decodeData(inputs: AbiParameter[], data: string): string {
  const abi: AbiFragment[] = [{ type: 'event', name: 'E', inputs }];
  const decoder = decoderOf(abi);
  const decoded = decoder.decode(rawLog([decoder.topics![0]!], data));
  return reasonOf(decoded) ?? argsText(decoded);
}

describe('the arguments of an event', () => {
  it('write integers of any size as decimal strings', () => {
    const max = (1n << 256n) - 1n;
    expect(decodeOne('uint256', [max])).to.equal(`{"x":"${max}"}`);
    for (const value of [0n, 1n, (1n << 48n) - 1n, 1n << 48n, (1n << 53n) + 1n]) {
      expect(decodeOne('uint256', [value])).to.equal(`{"x":"${value}"}`);
      expect(decodeOne('int256', [value])).to.equal(`{"x":"${value}"}`);
    }
    for (const value of [-1n, -(1n << 48n), -(1n << 48n) - 1n, -(1n << 63n), -(1n << 255n)]) {
      expect(decodeOne('int256', [BigInt.asUintN(256, value)])).to.equal(`{"x":"${value}"}`);
    }
  });

  it('write bytes, hashes and function pointers as hex, and bools as such', () => {
    expect(decodeOne('bytes4', [`0xdeadbeef${'0'.repeat(56)}`])).to.equal('{"x":"0xdeadbeef"}');
    expect(decodeOne('function', [`0x${'12'.repeat(24)}${'0'.repeat(16)}`])).to.equal(`{"x":"0x${'12'.repeat(24)}"}`);
    expect(decodeOne('bytes', [32, 2], 'abcd')).to.equal('{"x":"0xabcd"}');
    expect(decodeOne('bool[2]', [1, 0])).to.equal('{"x":[true,false]}');
  });

  it('write strings as JSON does, and those that are not UTF-8 as hex', () => {
    const text = '\uFEFFa"\\\n\u0000\u2028 é 中 🙂';
    const data = coder.encode(['string'], [text]);
    expect(JSON.parse(decodeData([{ name: 'x', type: 'string' }], data))).to.deep.equal({ x: text });
    expect(decodeOne('string', [32, 0])).to.equal('{"x":""}');
    for (const bytes of ['ff', 'c0af', 'eda080', 'f4908080', 'e282', '61ff']) {
      expect(decodeOne('string', [32, bytes.length / 2], bytes)).to.equal(`{"x":{"hex":"0x${bytes}"}}`);
    }
  });

  it('write tuples as objects and arrays as arrays, in the order of the ABI', () => {
    const components = [
      { name: 'b', type: 'uint8' },
      { name: 'a', type: 'uint8[2][]' },
      { name: '10', type: 'bool' },
    ];
    const tuple = { name: 'x', type: 'tuple[1]', components };
    const data = coder.encode(
      ['tuple(uint8,uint8[2][],bool)[1]'],
      [
        [
          [
            7,
            [
              [1, 2],
              [3, 4],
            ],
            true,
          ],
        ],
      ],
    );
    expect(decodeData([tuple], data)).to.equal('{"x":[{"b":"7","a":[["1","2"],["3","4"]],"10":true}]}');
    expect(decodeOne({ type: 'tuple[]', components }, [32, 0])).to.equal('{"x":[]}');
  });

  it('name unnamed members by their position, and repeated ones by name and position', () => {
    const inputs = ['', 'a', 'a', 'a_2', 'a', ''].map((name) => ({ name, type: 'uint8' }));
    const data = `0x${[1, 2, 3, 4, 5, 6].map((value) => wordDigits(value)).join('')}`;
    expect(decodeData(inputs, data)).to.equal('{"0":"1","a":"2","a_2":"3","a_2_3":"4","a_4":"5","5":"6"}');
    const tuple = { type: 'tuple', components: [{ type: 'bool' }, { name: '', type: 'bool' }] };
    expect(decodeData([tuple], `0x${wordDigits(1)}${wordDigits(0)}`)).to.equal('{"0":{"0":true,"1":false}}');
  });

  it('keep names that JavaScript or JSON could trip over', () => {
    const names = ['__proto__', 'constructor', 'toString', '2', '1', 'a"b\\', 'hash'];
    const inputs = names.map((name) => ({ name, type: 'uint8' }));
    const text = decodeData(inputs, `0x${names.map((_, i) => wordDigits(i)).join('')}`);
    expect(text).to.equal(
      '{"__proto__":"0","constructor":"1","toString":"2","2":"3","1":"4","a\\"b\\\\":"5","hash":"6"}',
    );
  });

  it('show of an indexed string, bytes, array or tuple only the hash that is its topic', () => {
    const hash = id('anything');
    const components = [{ name: 'y', type: 'bool' }];
    for (const type of ['string', 'bytes', 'uint8[]', 'uint8[2]', 'tuple', 'tuple[]']) {
      const abi = [event('E', { name: 'x', type, components, indexed: true }, 'bool done')];
      const decoder = decoderOf(abi);
      const decoded = decoder.decode(rawLog([decoder.topics![0]!, hash], word(1)));
      expect(argsText(decoded)).to.equal(`{"x":{"hash":"${hash}"},"done":true}`);
    }
  });
});

describe('data that do not fit their type', () => {
  it('are undecodable where a word holds more than its type', () => {
    const dirty: [string, number | bigint | string][] = [
      ['address', 1n << 160n],
      ['bool', 2],
      ['bool', 1n << 255n],
      ['uint8', 256],
      ['uint48', 1n << 48n],
      ['uint64', 1n << 64n],
      ['uint248', 1n << 248n],
      ['int8', 128],
      ['int8', BigInt.asUintN(256, -129n)],
      ['int48', 1n << 47n],
      ['int48', BigInt.asUintN(256, -(1n << 47n) - 1n)],
      ['int64', 1n << 63n],
      ['int64', BigInt.asUintN(256, -(1n << 63n) - 1n)],
      ['int128', BigInt.asUintN(128, -1n)],
      ['bytes4', 1],
      ['bytes31', 1],
      ['function', 1],
    ];
    for (const [type, value] of dirty) {
      expect(decodeOne(type, [value]), type).to.equal('undecodable');
      const decoder = decoderOf([event('E', `${type} indexed x`)]);
      expect(reasonOf(decoder.decode(rawLog([decoder.topics![0]!, word(value)]))), type).to.equal('undecodable');
    }
  });

  it('are undecodable where an offset or a length leads out of them', () => {
    const huge = [1n << 255n, (1n << 256n) - 32n, 1n << 64n, 1n << 53n, 1n << 47n, 1n << 32n, 96n];
    for (const type of ['bytes', 'string', 'uint256[]', 'string[]', 'bytes[2]', 'uint8[2][]']) {
      for (const value of huge) {
        expect(decodeOne(type, [value, 0]), `${type} at ${value}`).to.equal('undecodable');
        expect(decodeOne(type, [32, value, 1]), `${type} of ${value}`).to.equal('undecodable');
      }
    }
    expect(decodeOne('bytes', [32, 3], 'abcd')).to.equal('undecodable');
    expect(decodeOne('uint8[3]', [1, 2])).to.equal('undecodable');
    expect(decodeOne('uint8[999999999]', [1, 2])).to.equal('undecodable');
    expect(decodeOne('string[999999999]', [32, 2])).to.equal('undecodable');
  });

  it('are undecodable where a tuple would contain itself', () => {
    const tuple = { type: 'tuple', components: [{ name: 'y', type: 'bytes' }] };
    expect(decodeOne(tuple, [32, 32, 0])).to.equal('{"x":{"y":"0x"}}');
    expect(decodeOne(tuple, [0, 0])).to.equal('undecodable');
  });

  it('decode in spite of missing or dirty padding behind bytes, and of data behind the arguments', () => {
    expect(decodeOne('bytes', [32, 3], 'abcdef')).to.equal('{"x":"0xabcdef"}');
    expect(decodeOne('bytes', [32, 3], 'abcdef'.padEnd(64, '1'))).to.equal('{"x":"0xabcdef"}');
    expect(decodeOne('bytes', [32, 0], 'abcdef')).to.equal('{"x":"0x"}');
    expect(decodeOne('uint8', [1, 2, 3], 'ff')).to.equal('{"x":"1"}');
  });

  it('cost no more than their size allows, however they share regions or claim items of no size', () => {
    const words = 1000;
    const nested = (levels: number): number[] => {
      // Each level is an array of offsets that all lead to the next one.
      const level = [words, ...Array.from({ length: words }, () => words * 32)];
      return [32, ...Array.from({ length: levels }, () => level).flat(), ...Array.from({ length: words }, () => 0)];
    };
    expect(decodeOne('uint8[][][][]', nested(3))).to.equal('undecodable');
    for (const type of ['uint8[0][]', 'uint8[0][999999999]', 'uint8[0][999999999][999999999]']) {
      expect(decodeOne(type, [32, 1n << 40n]), type).to.equal('undecodable');
    }
    const nothing = { type: 'tuple[]', components: [] };
    expect(decodeOne(nothing, [32, 1n << 40n])).to.equal('undecodable');
    expect(decodeOne(nothing, [32, 2])).to.equal('{"x":[{},{}]}');
    expect(decodeOne('uint8[0][2]', [])).to.equal('{"x":[[],[]]}');
  });

  it('decode where honest values share a region', () => {
    expect(decodeOne('string[]', [32, 3, 96, 96, 96, 1], '61')).to.equal('{"x":["a","a","a"]}');
  });

  it('decode where types nest deeply', () => {
    let parameter: AbiParameter = { name: 'x', type: 'uint8' };
    for (let i = 0; i < 50; i++) parameter = { name: 'x', type: 'tuple', components: [parameter] };
    expect(decodeData([parameter], word(1))).to.match(/^(\{"x":){51}"1"\}+$/);
  });
});
