import { expect } from 'chai';
import { AbiCoder } from 'ethers/abi';
import { contractCallerSchema } from '../../../src/components/contract-caller/schema.js';
import { Method } from '../../../src/components/contract-caller/method.js';
import type { JsonValue } from '../../../src/model/event-message.js';
import type { AbiParameter } from '../../../src/model/pipeline.js';
import { AbiResolver } from '../../../src/pipeline/definition/resolve-abi.js';

const order: AbiParameter = {
  type: 'tuple',
  components: [
    { name: 'amount', type: 'uint256' },
    { name: 'isOpen', type: 'bool' },
  ],
};
const ofOrder = 'must be a list of 2, or a mapping of amount, isOpen';

describe('a value that a definition gives a method', () => {
  const methodOf = (input: AbiParameter): { type: string; name: string; inputs: AbiParameter[]; outputs: [] } => ({
    ...{ type: 'function', name: 'f', inputs: [input], outputs: [] },
  });
  const problemsOf = async (input: AbiParameter, value: unknown): Promise<readonly string[]> => {
    const call = { contract_address: `0x${'ab'.repeat(20)}`, abi: [methodOf(input)], method_name: 'f' };
    const schema = contractCallerSchema(new AbiResolver(null, () => Promise.resolve([])));
    const read = await schema.safeParseAsync({ contract_callers: [{ ...call, method_params: [value] }] });
    return (read.error?.issues ?? []).map(({ path, message }) => {
      expect(path.slice(0, 3)).to.deep.equal(['contract_callers', 0, 'method_params']);
      return `${path.slice(3).join('.')}: ${message}`;
    });
  };

  const values: readonly (readonly [AbiParameter, JsonValue, readonly string[]])[] = [
    [{ type: 'uint256' }, 1e18, []],
    [{ type: 'uint256' }, 1e23, []],
    [{ type: 'uint256' }, 1.5, ['0: must be a whole number of uint256, not 1.5']],
    [{ type: 'uint256' }, -1, ['0: must be a whole number of uint256, not -1']],
    [{ type: 'uint256' }, true, ['0: must be a whole number of uint256, not true']],
    [{ type: 'uint256' }, null, ['0: must be a whole number of uint256, not null']],
    [{ type: 'uint256' }, [1], ['0: must be a whole number of uint256']],
    [{ type: 'uint8' }, 255, []],
    [{ type: 'uint8' }, 256, ['0: must be a whole number of uint8, not 256']],
    [{ type: 'int8' }, -128, []],
    [{ type: 'bool' }, false, []],
    [{ type: 'bool' }, 1, ['0: must be true or false, not 1']],
    [{ type: 'address' }, 1, ['0: must be an address of 0x and 40 hex digits, not 1']],
    [{ type: 'bytes4' }, 1, ['0: must be 0x and 8 hex digits, not 1']],
    [{ type: 'bytes' }, [1, 2], ['0: must be 0x and hex digits of whole bytes']],
    [{ type: 'string' }, 5, ['0: must be a text, not 5']],
    [{ type: 'uint8[]' }, [1, 256, 3], ['0.1: must be a whole number of uint8, not 256']],
    [{ type: 'uint8[]' }, [], []],
    [{ type: 'uint8[2]' }, [1], ['0: must be a list of 2']],
    [{ type: 'uint8[]' }, 1, ['0: must be a list, not 1']],
    [order, [1, true], []],
    [order, { isOpen: true, amount: 1, more: 2 }, []],
    [order, { isOpen: 1, amount: 1 }, ['0.isOpen: must be true or false, not 1']],
    [order, { amount: 1 }, [`0: ${ofOrder}`]],
    [order, [1, true, 2], [`0: ${ofOrder}`]],
    [order, [1], [`0: ${ofOrder}`]],
    [order, [], [`0: ${ofOrder}`]],
    [order, 1, [`0: ${ofOrder}, not 1`]],
  ];

  it('is taken where the method can be called with it, and told where it never can', async () => {
    for (const [input, value, problems] of values) {
      const what = JSON.stringify([input.type, value]);
      expect(await problemsOf(input, value), what).to.deep.equal(problems);
      const method = await Method.load(methodOf(input));
      const call = (): string => method.encode([value]);
      if (problems.length === 0) expect(call, what).not.to.throw();
      else expect(call, what).to.throw();
    }
  });

  it('is not judged where it is a text, which may be a path', async () => {
    expect(await problemsOf({ type: 'uint256' }, 'args.value')).to.deep.equal([]);
    expect(await problemsOf({ type: 'uint8[]' }, ['args.value', 1])).to.deep.equal([]);
    expect(await problemsOf(order, ['args.value', 'args.open'])).to.deep.equal([]);
  });

  it('is called with as it was written, also where a double is another number', async () => {
    const method = await Method.load(methodOf({ type: 'uint256' }));
    const encodedOf = (value: JsonValue): unknown =>
      AbiCoder.defaultAbiCoder().decode(['uint256'], `0x${method.encode([value]).slice(10)}`)[0];
    expect(encodedOf(1e18)).to.equal(10n ** 18n);
    expect(encodedOf(1e23)).to.equal(10n ** 23n);
    expect(encodedOf(1.25e22)).to.equal(125n * 10n ** 20n);
    expect(encodedOf(5)).to.equal(5n);
  });

  it('is told how to write it where it has more digits than a number of JSON', async () => {
    const [problem] = await problemsOf({ type: 'uint256' }, 10n ** 18n);
    expect(problem).to.equal('0: must be a text, a number, true, false, null, or a list or mapping of such');
  });
});
