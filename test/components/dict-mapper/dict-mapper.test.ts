import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { DictMapper } from '../../../src/components/dict-mapper/dict-mapper.js';
import { dictMapper } from '../../../src/components/dict-mapper/kind.js';
import { dictMapperSchema } from '../../../src/components/dict-mapper/schema.js';
import { findTransformer } from '../../../src/components/dict-mapper/transformers.js';
import { findValidator } from '../../../src/components/dict-mapper/validators.js';
import type { EventMessage, JsonValue } from '../../../src/model/event-message.js';
import { jsonText, MessageData } from '../../../src/model/event-message.js';
import { silentLogger } from '../../../src/runtime/logger.js';
import { seededRandom } from '../../support/seeded-random.js';

type Vector = readonly [input: JsonValue, output: JsonValue];

interface Vectors {
  readonly with_field_ctx: readonly (readonly [Record<string, JsonValue>, JsonValue, JsonValue])[];
  readonly validators: Readonly<Record<string, readonly Vector[]>>;
  readonly rules: readonly (readonly [readonly object[], JsonValue])[];
}

const amounts = ['decimal_normalize', 'decimal_normalize_with_field', 'format_amount'];

/** Whole numbers that JavaScript's would round are read as bigints. */
function exact(value: JsonValue): JsonValue {
  if (typeof value === 'string' && value.startsWith('#')) return BigInt(value.slice(1));
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map(exact);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, exact(each)]));
}

const text = readFileSync(new URL('older-program-vectors.json', import.meta.url), 'utf8');
const vectors = exact(
  JSON.parse(text.replace(/(?<=[[\s,])(-?\d{17,})(?=[\]\s,])/g, '"#$1"')) as JsonValue,
) as unknown as Vectors;
const transformed = Object.entries(vectors).filter(([name]) => findTransformer(name) !== undefined) as unknown as [
  string,
  readonly Vector[],
][];

const transfer = { eventName: 'Transfer', eventSignature: 'Transfer(address,address,uint256)' };
const event = new Map<string, JsonValue>(
  Object.entries({
    n: 5,
    s: 'hello',
    e: '',
    z: 0,
    nul: null,
    big: '123456789012345678901234567890',
    l: [1, 2, 3],
    a: { b: [{ c: 'X' }, { c: 'Y' }] },
  }),
);

function messageOf(eventName: string, op: 'insert' | 'remove'): EventMessage {
  const [hash, contractAddress] = [`0x${'b'.repeat(64)}`, `0x${'a'.repeat(40)}`];
  const block = { chainId: 1, blockNumber: 1, blockHash: hash, timestamp: 0 };
  const place = { ...block, transactionHash: hash, transactionIndex: 0, logIndex: 0, contractAddress };
  const eventSignature = `${eventName}()`;
  return {
    id: `1:${hash}:0`,
    op,
    seq: 1,
    rank: 1,
    place,
    eventName,
    eventSignature,
    data: MessageData.ofFields(event),
  };
}

async function mapperOf(rules: readonly object[]): Promise<DictMapper> {
  return new DictMapper('rows', await dictMapperSchema.parseAsync({ dict_mappers: [{ mapping_rules: rules }] }));
}

/** Ours is exact where the older program's is what a float could hold. */
function expectAmount(ours: JsonValue, theirs: JsonValue): void {
  if (!/^-?[\d.]+(e[+-]\d+)?$/.test(jsonText(theirs).slice(1, -1))) {
    expect(ours).to.equal(theirs);
    return;
  }
  expect(ours).to.match(/^-?\d+(\.\d*[1-9])?$/);
  expect(Number(ours)).to.be.closeTo(Number(theirs), Math.abs(Number(theirs)) * 1e-15);
}

describe('DictMapper', () => {
  it('knows every transformer of the older program', () => {
    expect(transformed.map(([name]) => name)).to.have.members(
      Object.keys(vectors).filter((name) => !['with_field_ctx', 'validators', 'rules'].includes(name)),
    );
  });

  for (const [name, cases] of transformed) {
    it(`${name} gives what the older program gives`, () => {
      const transform = findTransformer(name);
      const fields =
        name === 'decimal_normalize_with_field' ? new Map([['decimals', 6]]) : new Map<string, JsonValue>();
      for (const [input, output] of cases) {
        const ours = transform?.(input, fields) ?? null;
        if (amounts.includes(name)) expectAmount(ours, output);
        else if (name === 'to_int') expect(Number(ours)).to.equal(Number(output));
        else expect(ours, JSON.stringify(name)).to.deep.equal(output);
      }
    });
  }

  it('takes the decimals of an amount from the event', () => {
    const transform = findTransformer('decimal_normalize_with_field');
    for (const [fields, input, output] of vectors.with_field_ctx) {
      expectAmount(transform?.(input, new Map(Object.entries(fields))) ?? null, output);
    }
  });

  it('validates as the older program does', () => {
    for (const [name, cases] of Object.entries(vectors.validators)) {
      for (const [input, output] of cases)
        expect(findValidator(name)?.(input), `${name} ${jsonText(input)}`).to.equal(output);
    }
  });

  it('applies rules as the older program does', async () => {
    for (const [rules, output] of vectors.rules) {
      const failures: string[] = [];
      const mapped = (await mapperOf(rules)).mapFields(transfer, event, failures);
      const isError = typeof output === 'string' && output.startsWith('!');
      expect(failures.length > 0, JSON.stringify(rules)).to.equal(isError);
      expect(Object.fromEntries(mapped), JSON.stringify(rules)).to.deep.equal(isError ? {} : output);
    }
  });

  it('keeps whole numbers of any size exact', () => {
    const data = new Map([['t', findTransformer('to_int')?.('123456789012345678901234567890', new Map()) ?? null]]);
    expect(MessageData.ofFields(data).text).to.equal('{"t":123456789012345678901234567890}');
  });

  it('divides by 10 to any number of decimals from 0 to 77 without a rounding', () => {
    for (let decimals = 0; decimals <= 77; decimals += 1) {
      for (const value of [0n, 1n, 10n ** 18n, 2n ** 256n - 1n, 10n ** BigInt(decimals), -7n]) {
        const ours = jsonText(
          findTransformer(`decimal_normalize(${decimals})`)?.(String(value), new Map()) ?? null,
        ).slice(1, -1);
        const [whole = '', fraction = ''] = ours.split('.');
        expect(BigInt(whole + fraction.padEnd(decimals, '0')), `${value} ${decimals}`).to.equal(value);
      }
    }
  });

  it('equals exact decimals for 100,000 random amounts', function () {
    this.timeout(60_000);
    const random = seededRandom(13);
    const normalize = findTransformer('decimal_normalize_with_field')!;
    for (let n = 0; n < 100_000; n++) {
      const bits = 1 + Math.floor(random() * 256);
      let amount = 1n;
      for (let left = bits - 1; left > 0; left -= 32) {
        const width = Math.min(32, left);
        amount = (amount << BigInt(width)) | BigInt(Math.floor(random() * 2 ** width));
      }
      const decimals = Math.floor(random() * 78);
      const digits = String(amount).padStart(decimals + 1, '0');
      const point = digits.length - decimals;
      const exact = `${digits.slice(0, point)}.${digits.slice(point)}`.replace(/\.?0*$/, '');
      const ours = normalize(String(amount), new Map([['decimals', decimals]]));
      // A whole number has no point, and keeps its zeros.
      expect(ours).to.equal(decimals === 0 ? String(amount) : exact);
    }
  });

  it('lets a mapping that fails fail alone, and leaves out an event that nothing maps', async () => {
    const config = await dictMapperSchema.parseAsync({
      dict_mappers: [
        { event_name: 'Transfer', mapping_rules: [{ source_key: 'missing', target_key: 'a', required: true }] },
        { event_name: 'Transfer', mapping_rules: [{ source_key: 'n', target_key: 'b' }] },
      ],
    });
    const failures: string[] = [];
    expect(Object.fromEntries(new DictMapper('rows', config).mapFields(transfer, event, failures))).to.deep.equal({
      b: 5,
    });
    expect(failures).to.deep.equal(['missing is required, and missing']);
    expect(
      new DictMapper('rows', config).mapFields({ ...transfer, eventName: 'Approval' }, event, failures).size,
    ).to.equal(0);
  });

  it('passes on each remove, whatever is left of it, for other rules may have let its insert through', async () => {
    const config = await dictMapperSchema.parseAsync({
      dict_mappers: [
        { event_name: 'Transfer', mapping_rules: [{ source_key: 'missing', target_key: 'a', required: true }] },
        { event_name: 'Mint', mapping_rules: [{ source_key: 'n', target_key: 'b' }] },
      ],
    });
    const messages = ['Transfer', 'Approval', 'Mint'].flatMap((eventName) =>
      (['remove', 'insert'] as const).map((op) => messageOf(eventName, op)),
    );
    const context = { logger: silentLogger, moved: () => Promise.resolve(), signal: new AbortController().signal };
    const mapped = await new DictMapper('rows', config).map(messages, context);
    expect(mapped.map(({ eventName, op, data }) => `${op} ${eventName} ${data.text}`)).to.deep.equal([
      'remove Transfer {}',
      'remove Approval {}',
      'remove Mint {"b":5}',
      'insert Mint {"b":5}',
    ]);
  });

  it('maps one of several events of a name where its signature is given', async () => {
    const mapping = (event_name: string, target_key: string): object => ({
      event_name,
      mapping_rules: [{ source_key: 'n', target_key }],
    });
    const config = await dictMapperSchema.parseAsync({
      dict_mappers: [mapping('Transfer(address,address,uint256)', 'a'), mapping('Transfer(address,uint256)', 'b')],
    });
    expect([...new DictMapper('rows', config).mapFields(transfer, event, []).keys()]).to.deep.equal(['a']);
  });

  it('gives the keys of a definition again', async () => {
    const keys = {
      dict_mappers: [
        {
          event_name: 'Transfer',
          mapping_rules: [
            {
              source_key: 'args.value',
              target_key: 'amount',
              transformer: 'decimal_normalize(6)',
              validator: 'is_not_empty',
              condition: { type: 'regex', field: 'args.to', value: '0x0' },
              default_value: '0',
              required: true,
            },
          ],
        },
      ],
    };
    expect(dictMapper.keys(await dictMapperSchema.parseAsync(keys))).to.deep.equal(keys);
  });

  it('refuses a pattern that is none', async () => {
    const rule = { source_key: 's', target_key: 't', condition: { type: 'regex', field: 's', value: '(' } };
    const result = await dictMapperSchema.safeParseAsync({ dict_mappers: [{ mapping_rules: [rule] }] });
    expect(result.error?.issues[0]?.message).to.match(/^must be a regular expression: /);
  });

  it('refuses a pattern of more than 10,000 characters', async () => {
    const refused = async (value: string): Promise<string | undefined> => {
      const rule = { source_key: 's', target_key: 't', condition: { type: 'regex', field: 's', value } };
      const result = await dictMapperSchema.safeParseAsync({ dict_mappers: [{ mapping_rules: [rule] }] });
      return result.error?.issues[0]?.message;
    };
    expect(await refused('a'.repeat(10_000))).to.equal(undefined);
    expect(await refused('a'.repeat(10_001))).to.equal('must be a regular expression of at most 10000 characters');
  });
});
