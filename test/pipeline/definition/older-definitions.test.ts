import { expect } from 'chai';
import fc from 'fast-check';
import { parseDefinition } from '../../../src/pipeline/definition/read-definition.js';
import { FileProblemsError } from '../../../src/runtime/errors.js';
import { extentOf } from '../../support/extent.js';
import { definitionOptions, usdc } from './definition-texts.js';

type Keys = Readonly<Record<string, unknown>>;

/** What a definition of the older program is made of; `fails`: that program would have failed on it, too. */
interface Part {
  readonly value: Keys;
  readonly fails?: boolean;
  /** How many components of the pipeline it becomes: 1 where nothing is said. */
  readonly count?: number;
}

const seeds = extentOf({ sample: 100, full: 1_000, soak: 100_000 });

const transfer = { type: 'event', name: 'Transfer', inputs: [{ name: 'value', type: 'uint256' }] };
const name = { type: 'function', name: 'name', stateMutability: 'view', inputs: [], outputs: [{ type: 'string' }] };
const abi = [transfer, name];
const noise = fc.constantFrom<Keys>(
  {},
  { author: 'x', tags: ['a', 1] },
  { topic: 'of another', mapping_rules: null },
  { retry_count: 3, nested: { deep: [null] } },
  { description: '' },
);
const asText = (value: number | boolean): fc.Arbitrary<unknown> => fc.constantFrom<unknown>(value, String(value));
const unset = fc.constantFrom<Keys>({}, { start_block: null }, { end_block: '' }, { from_address: null });
const addresses = fc.constantFrom(
  usdc,
  usdc.toLowerCase(),
  `0X${usdc.slice(2).toUpperCase()}`,
  usdc.replace('EB48', 'eb48'),
);
const abis = fc.constantFrom<Keys>(
  { abi_path: 'builtin:erc20' },
  { abi },
  { abi: JSON.stringify(abi) },
  { abi: { abi, bytecode: '0x' } },
  { abi_path: '', abi: JSON.stringify({ abi }) },
);
/** The one that is rare is a fault. */
const oneIn = (times: number, fault: fc.Arbitrary<Part>, part: fc.Arbitrary<Part>): fc.Arbitrary<Part> =>
  fc.oneof({ weight: 1, arbitrary: fault }, { weight: times - 1, arbitrary: part });
const merged = (...parts: readonly fc.Arbitrary<Keys>[]): fc.Arbitrary<Part> =>
  fc.tuple(...parts).map((each) => ({ value: Object.assign({}, ...each) as Keys }));
const changed = (part: fc.Arbitrary<Part>, change: Keys): fc.Arbitrary<Part> =>
  part.map(({ value }) => ({ value: { ...value, ...change }, fails: true }));

const events = fc.constantFrom<Keys>(
  {},
  { events_to_monitor: ['Transfer'] },
  { events_to_monitor: [' Transfer '] },
  { events_to_monitor: ['Transfer', 'Mint'] },
  { events_to_monitor: [] },
);
const goodSource = merged(
  ...[noise, unset, abis, events],
  fc.constant({ name: 'monitor', type: 'event_monitor', chain_name: 'ethereum' }),
  addresses.map((address) => ({ contract_address: address })),
  asText(500).map((size) => ({ batch_size: size })),
  fc.constantFrom({}, { mode: '' }, { mode: 'realtime' }, { mode: null }),
);
const source = oneIn(
  12,
  fc.oneof(
    changed(goodSource, { abi: undefined, abi_path: 'nowhere.json' }),
    changed(goodSource, { batch_size: 'many' }),
    changed(goodSource, { contract_address: 'USDC' }),
    changed(goodSource, { type: 'nobody_knows' }),
    changed(goodSource, { events_to_monitor: ['Mint'] }),
  ),
  goodSource,
);

const call = merged(
  ...[noise, abis],
  addresses.map((address) => ({ contract_address: address, method_name: 'name' })),
  fc.constantFrom<Keys>(
    {},
    { chain_name: 'ethereum' },
    { description: 'x' },
    { method_params: [] },
    { method_params: null },
  ),
);
const lacking: Keys = { contract_address: usdc, abi_path: 'builtin:erc20', method_name: 'nobody' };
const callers = fc.oneof(
  call.map(({ value }): Part => ({ value: { type: 'contract_caller', ...value } })),
  call.map(({ value }): Part => ({ value: { type: 'contract_caller', contract_callers: [lacking, value] } })),
  fc.constant<Part>({ value: { type: 'contract_caller', ...lacking }, count: 0 }),
  fc.constant<Part>({ value: { type: 'contract_caller', contract_callers: [lacking, lacking] }, count: 0 }),
);
const rule = merged(
  noise,
  fc.constantFrom<Keys>(
    { source_key: 'args.value', target_key: 'amount' },
    { source_key: 'blockNumber', target_key: 'block', transformer: 'to_strin' },
    { source_key: 'from', target_key: 'a.b', validator: '', transformer: null },
  ),
  fc.constantFrom<Keys>({}, { required: 'true' }, { required: 0 }, { description: 'x' }, { default_value: '' }),
);
const rules = fc.array(
  rule.map(({ value }) => value),
  { minLength: 1, maxLength: 3 },
);
const eventNames = fc.constantFrom<Keys>({}, { event_name: 'Transfer' }, { event_name: '' }, { event_name: 'Transfr' });
const mappers = fc.oneof(
  fc
    .tuple(rules, eventNames)
    .map(([given, event]): Part => ({ value: { type: 'dict_mapper', ...event, mapping_rules: given } })),
  fc.tuple(rules, eventNames).map(([given, event]): Part => ({
    value: { type: 'dict_mapper', dict_mappers: [{ ...event, mapping_rules: given }] },
  })),
);
const goodProducer = merged(
  noise,
  fc.constant({ type: 'kafka_producer', bootstrap_servers: 'kafka:9092', topic: 'events' }),
  fc.constantFrom<Keys>({}, { acks: 0 }, { acks: 'all' }, { acks: '1' }),
  fc.constantFrom<Keys>(
    {},
    { batch_size: 16_384 },
    { linger_ms: '10' },
    { compression_type: 'gzip' },
    { sync_send: true },
  ),
  fc.constantFrom<Keys>(
    {},
    { message_format: 'simple' },
    { message_config: { retries: 3 } },
    { value_serializer: 'json' },
  ),
);
const off = fc.constantFrom<Part>(
  { value: { type: 'kafka_producer', topic: 'events' }, count: 0 },
  { value: { type: 'kafka_producer', topic: 'events', bootstrap_servers: null }, count: 0 },
  { value: { type: 'kafka_producer', topic: 'events', bootstrap_servers: '' }, count: 0 },
);
const producers = fc.oneof(
  off,
  oneIn(8, changed(goodProducer, { topic: null, bootstrap_servers: 'kafka:9092' }), goodProducer),
);
const stages = fc.array(fc.oneof(callers, mappers, producers), { maxLength: 4 });
const names = fc.array(fc.constantFrom('a', 'b', 'monitor', undefined), { minLength: 5, maxLength: 5 });
const top = fc.constantFrom<Keys>(
  {},
  { classification_id: null, description: null },
  { classification_id: '3', team: 'x' },
  { input_dependencies: [], error_handling: { retry: 3 } },
);

/** The ways in which the text may be known to be of the older program. */
type Form = 'object' | 'key' | 'lenient';

interface Definition {
  readonly form: Form;
  readonly parts: readonly Part[];
  readonly value: Keys;
}

const definition = fc
  .record({ form: fc.constantFrom<Form>('object', 'key', 'lenient'), source, stages, names, top, split: fc.boolean() })
  .map(({ form, source: first, stages: others, names: given, top: keys, split }): Definition => {
    const parts = [first, ...others];
    const own = { pipeline_name: 'old', ...keys };
    if (form !== 'object') {
      const components = parts.map(({ value }, at) => ({ name: given[at] ?? `c${at}`, ...value }));
      return { form, parts, value: { ...own, ...(form === 'key' ? { version: '1.0' } : {}), components } };
    }
    const entries = parts.map(({ value: { type, ...config } }, at): [string, Keys] => [
      `c${at}`,
      { type, ...(given[at] === undefined ? {} : { name: given[at] }), ...(split ? { config } : config) },
    ]);
    const disabled: [string, Keys] = ['off', { type: 'nobody_knows', enabled: false, config: null }];
    return { form, parts, value: { ...own, components: Object.fromEntries([...entries, disabled]) } };
  });

describe('a definition as users of the older program keep it', () => {
  it(`is imported, or fails where that program failed, for ${seeds} seeds`, async function () {
    this.timeout(seeds * 100 + 10_000);
    await fc.assert(fc.asyncProperty(definition, check), { numRuns: seeds, seed: 11 });
  });

  async function check({ form, parts, value }: Definition): Promise<void> {
    const warnings: string[] = [];
    const options = {
      ...{ ...definitionOptions, isLenient: form === 'lenient' },
      onWarning: ({ message }: { readonly message: string }): void => void warnings.push(message),
    };
    const fails = parts.some((part) => part.fails === true);
    try {
      const { components } = await parseDefinition(JSON.stringify(value, null, 1), 'p.json', options);
      expect(fails, 'the older program would have failed').to.equal(false);
      expect(components).to.have.length(parts.reduce((sum, { count = 1 }) => sum + count, 0));
      expect(new Set(components.map((component) => component.name))).to.have.property('size', components.length);
    } catch (error) {
      if (!(error instanceof FileProblemsError)) throw error;
      expect(fails, JSON.stringify(error.problems)).to.equal(true);
      for (const { line, message } of error.problems)
        expect([line > 0, message]).to.deep.equal([true, message.split('\n')[0]]);
    }
    for (const warning of warnings) expect(warning).to.match(/^[^\n]+$/);
  }
});
