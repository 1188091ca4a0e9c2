import { expect } from 'chai';
import type { EventFields } from '../../../src/components/seam/component.js';
import { mappedFields } from '../../../src/components/dict-mapper/mapped-fields.js';
import { dictMapperSchema } from '../../../src/components/dict-mapper/schema.js';

const above: EventFields = {
  eventName: 'Swap',
  eventSignature: 'Swap(address,uint256,uint256[2][],bool)',
  fields: [
    { name: 'block_number', type: 'int64' },
    { name: 'args.to', type: 'address' },
    { name: 'args.amount', type: 'uint8' },
    { name: 'args.pairs', type: 'uint256[2][]' },
    { name: 'args.exact', type: 'bool' },
  ],
  mapped: false,
};

async function typesOf(rules: readonly object[], event: EventFields = above): Promise<Record<string, string>> {
  const config = await dictMapperSchema.parseAsync({ dict_mappers: [{ mapping_rules: rules }] });
  return namesOf(mappedFields(config, [event]));
}

function namesOf([first]: readonly EventFields[]): Record<string, string> {
  return Object.fromEntries((first?.fields ?? []).map(({ name, type }) => [name, type]));
}

const rule = (source: string, target: string, more: object = {}) => ({
  source_key: source,
  target_key: target,
  ...more,
});

describe('mappedFields', () => {
  it('keeps the types of what nothing transforms, and the order of the rules', async () => {
    const rules = [rule('args.to', 'receiver'), rule('block_number', 'a.b'), rule('args.amount', 'n')];
    expect(Object.entries(await typesOf(rules))).to.deep.equal([
      ['receiver', 'address'],
      ['a.b', 'int64'],
      ['n', 'uint8'],
    ]);
  });

  it('gives texts where something transforms a value, or nothing is known of it', async () => {
    const rules = [rule('args.amount', 'n', { transformer: 'decimal_normalize(2)' }), rule('args.none', 'm')];
    expect(await typesOf(rules)).to.deep.equal({ n: 'text', m: 'text' });
  });

  it('follows positions into lists', async () => {
    const rules = [rule('args.pairs[0]', 'a'), rule('args.pairs[0][1]', 'b'), rule('args.to[0]', 'c')];
    expect(await typesOf(rules)).to.deep.equal({ a: 'uint256[2]', b: 'uint256', c: 'text' });
  });

  it('follows names into tuples, also those of lists, and takes all arguments for what is nested', async () => {
    const amount = { name: 'amount', type: 'uint128' };
    const inner = { name: 'inner', type: '(uint128)[]', members: [amount] };
    const members = [{ name: 'maker', type: 'address' }, inner, { name: '2', type: 'bytes4' }];
    const order = { name: 'args.order', type: '(address,(uint128)[],bytes4)', members };
    const event = { ...above, fields: [...above.fields, order] };
    const paths = ['maker', 'inner', 'inner[1]', 'inner[1].amount', 'inner.amount', '2', 'maker.x', 'none'];
    const rules = paths.map((path, n) => rule(`args.order.${path}`, String.fromCharCode(97 + n)));
    expect(await typesOf([...rules, rule('args', 'all'), rule('args.order', 'o')], event)).to.deep.equal({
      ...{ a: 'address', b: '(uint128)[]', c: '(uint128)', d: 'uint128', e: 'text', f: 'bytes4', g: 'text', h: 'text' },
      ...{ all: '()', o: '(address,(uint128)[],bytes4)' },
    });
  });

  it('gives a text where a default is no value of the type', async () => {
    const rules = ['255', 0, '256', '-1', 'none'].map((value, n) =>
      rule('args.amount', String(n), { default_value: value }),
    );
    rules.push(rule('args.exact', 'b', { default_value: false }), rule('args.exact', 't', { default_value: 'no' }));
    expect(await typesOf(rules)).to.deep.equal({
      ...{ 0: 'uint8', 1: 'uint8', 2: 'text', 3: 'text', 4: 'text' },
      ...{ b: 'bool', t: 'text' },
    });
  });

  it('holds what any of several rules gives for one target', async () => {
    const same = [rule('args.to', 'x'), rule('args.to', 'x')];
    expect(await typesOf(same)).to.deep.equal({ x: 'address' });
    expect(await typesOf([...same, rule('args.amount', 'x')])).to.deep.equal({ x: 'text' });
  });

  it('knows only the mappings that mean the event', async () => {
    const config = await dictMapperSchema.parseAsync({
      dict_mappers: [
        { event_name: 'Swap', mapping_rules: [rule('args.to', 'a')] },
        { event_name: 'Mint', mapping_rules: [rule('args.to', 'b')] },
        { mapping_rules: [rule('args.to', 'c')] },
      ],
    });
    const [event] = mappedFields(config, [above]);
    expect(event).to.include({ eventName: 'Swap', mapped: true });
    expect(event?.fields.map(({ name }) => name)).to.deep.equal(['a', 'c']);
  });

  it('gives what an event lacks the type that another has it with, if one rule makes both', async () => {
    const burn = { eventName: 'Burn', eventSignature: 'Burn()', fields: [], mapped: false };
    const all = {
      mapping_rules: [rule('args.amount', 'n', { default_value: 0 }), rule('args.to', 'to'), rule('args.none', 'm')],
    };
    const swap = { event_name: 'Swap', mapping_rules: [rule('args.exact', 'b')] };
    const own = { event_name: 'Burn', mapping_rules: [rule('args.exact', 'b')] };
    const config = await dictMapperSchema.parseAsync({ dict_mappers: [all, swap, own] });
    expect(namesOf(mappedFields(config, [burn, above]))).to.deep.equal({
      n: 'uint8',
      to: 'address',
      m: 'text',
      b: 'text',
    });
  });

  it('finds what another mapper made by its name, which a dot never leads into', async () => {
    const fields = [
      { name: 'amount', type: 'uint256' },
      { name: 'args.to', type: 'address' },
    ];
    const rules = [rule('amount', 'a'), rule('args.to', 'b')];
    expect(await typesOf(rules, { ...above, fields, mapped: true })).to.deep.equal({ a: 'uint256', b: 'text' });
  });
});
