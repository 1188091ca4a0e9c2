import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadDefinition, parseDefinition } from '../../../src/pipeline/definition/read-definition.js';
import { FileProblemsError, problemText } from '../../../src/runtime/errors.js';
import type { PipelineDefinition } from '../../../src/model/pipeline.js';
import { rejectionOf } from '../../support/rejection.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { definitionOptions } from './definition-texts.js';

const token = '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48';
const wrong = '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eb48';
const monitor = {
  chain_name: 'ethereum',
  contract_address: token,
  abi_path: 'builtin:erc20',
  events_to_monitor: ['Transfer'],
};
const rule = { source_key: 'args.value', target_key: 'amount' };

interface Read {
  readonly definition: PipelineDefinition;
  readonly warnings: readonly string[];
}

async function read(value: object, isLenient = false): Promise<Read> {
  const warnings: string[] = [];
  const onWarning = (warning: Parameters<typeof problemText>[0]): void => void warnings.push(problemText(warning));
  const text = JSON.stringify(value, null, 1);
  const definition = await parseDefinition(text, 'p.json', { ...definitionOptions, isLenient, onWarning });
  return { definition, warnings };
}

const listForm = (...components: readonly object[]): object => ({
  pipeline_name: 'old',
  components: [{ name: 'transfers', type: 'event_monitor', ...monitor }, ...components],
});

describe('a definition of the older program', () => {
  it('in its object form is the same pipeline as in its list form', async () => {
    const { definition, warnings } = await read({
      pipeline_name: 'old',
      version: '1.0',
      components: {
        monitor: { name: 'transfers', enabled: true, type: 'event_monitor', config: monitor },
        off: { name: 'off', enabled: false, type: 'nobody_knows', config: { x: 1 } },
        rows: { type: 'dict_mapper', config: { dict_mappers: [{ mapping_rules: [rule] }] } },
      },
      message_config: {},
      error_handling: { retry: 3 },
    });
    const list = await read(listForm({ name: 'rows', type: 'dict_mapper', dict_mappers: [{ mapping_rules: [rule] }] }));
    expect(definition).to.deep.equal(list.definition);
    expect(list.warnings).to.deep.equal([]);
    expect(warnings).to.deep.equal([
      'p.json:3: version: has no meaning here, and is left out',
      'p.json:42: message_config: has no meaning here, and is left out',
      'p.json:43: error_handling: has no meaning here, and is left out',
    ]);
  });

  it('is told of a problem at its line, also inside of a config', async () => {
    const value = {
      pipeline_name: 'old',
      components: { m: { type: 'event_monitor', config: { ...monitor, batch_size: 0 } } },
    };
    const { problems } = await rejectionOf(read(value), FileProblemsError);
    const line =
      JSON.stringify(value, null, 1)
        .split('\n')
        .findIndex((each) => each.includes('batch_size')) + 1;
    expect(problems.map(problemText)).to.deep.equal([`p.json:${line}: batch_size: must be from 1 to 1000000, not 0`]);
    const odd = { pipeline_name: 'old', components: { m: { type: 'event_monitor', enabled: 'no', config: monitor } } };
    const { problems: ofSwitch } = await rejectionOf(read(odd), FileProblemsError);
    expect(ofSwitch.map(({ key, message }) => `${key} ${message}`)).to.deep.equal(['enabled must be true or false']);
    const list = { pipeline_name: 'old', components: { m: { type: 'event_monitor', ...monitor, config: [1] } } };
    const { problems: ofConfig } = await rejectionOf(read(list), FileProblemsError);
    expect(ofConfig.map(problemText)).to.deep.equal(['p.json:12: config: must be a mapping of keys to values']);
  });

  it('has its components in the order of the file, also where their keys are numbers', async () => {
    const keys = '"mapping_rules":[{"source_key":"args.value","target_key":"amount"}]';
    const rows = (key: string): string => `"${key}":{"type":"dict_mapper","config":{"dict_mappers":[{${keys}}]}}`;
    const source = `"source":{"type":"event_monitor","config":${JSON.stringify(monitor)}}`;
    const text = `{"pipeline_name":"old","components":{${source},${rows('20')},${rows('3')}}}`;
    const { components } = await parseDefinition(text, 'p.json', definitionOptions);
    expect(components.map(({ name }) => name)).to.deep.equal(['source', '20', '3']);
  });

  it('is warned once of each key without meaning, wherever it stands', async () => {
    const call = { contract_address: token, abi_path: 'builtin:erc20', method_name: 'symbol', description: 'x' };
    const rules = [
      { ...rule, description: 'a' },
      { ...rule, description: 'b' },
    ];
    const { warnings } = await read(
      listForm(
        { name: 'c', type: 'contract_caller', output_format: 'json', contract_callers: [call] },
        { name: 'r', type: 'dict_mapper', dict_mappers: [{ mapping_rules: rules }] },
      ),
    );
    expect(warnings.map((each) => each.replace(/^p\.json:\d+: /, ''))).to.deep.equal([
      'output_format: has no meaning here, and is left out',
      'description: has no meaning here, and is left out',
    ]);
  });

  it('is warned of a wrong checksum, which is an error in all others', async () => {
    const plain = {
      pipeline_name: 'old',
      components: [{ name: 'm', type: 'event_monitor', ...monitor, contract_address: wrong }],
    };
    const error = await rejectionOf(read(plain), FileProblemsError);
    expect(error.problems[0]?.message).to.contain('wrong EIP-55 checksum');
    const message = `contract_address: ${wrong} has a wrong EIP-55 checksum; taken for ${token}`;
    for (const [value, isLenient] of [
      [plain, true],
      [{ ...plain, performance: {} }, false],
    ] as const) {
      const { definition, warnings } = await read(value, isLenient);
      expect(definition.components[0]?.config).to.have.nested.property(
        'contracts[0].addresses[0]',
        token.toLowerCase(),
      );
      expect(warnings.some((warning) => warning.endsWith(message))).to.equal(true);
    }
  });

  it('keeps what a rule says of an address as it is written, whatever its checksum', async () => {
    const own = { address: wrong, contract_address: [wrong] };
    const rules = [
      { ...rule, default_value: own },
      { ...rule, condition: { type: 'equals', field: 'args.to', value: { address: wrong } } },
    ];
    const mapper = { name: 'r', type: 'dict_mapper', dict_mappers: [{ mapping_rules: rules }] };
    const hook = { name: 'h', type: 'webhook_sink', url: 'https://example.com/', body: { address: wrong } };
    const { definition, warnings } = await read(listForm(mapper, hook), true);
    expect(warnings.filter((warning) => warning.includes('checksum'))).to.deep.equal([]);
    const [, { config: mapped } = { config: {} }, { config: hooked } = { config: {} }] = definition.components;
    const path = 'mappings[0].rules';
    expect(mapped).to.have.deep.nested.property(`${path}[0].defaultValue`, own);
    expect(mapped).to.have.deep.nested.property(`${path}[1].condition.value`, { address: wrong });
    expect(JSON.stringify(hooked)).to.contain(wrong);
  });

  it('may give an empty name of a transformer or a validator, which is none', async () => {
    const rules = [{ ...rule, transformer: '', validator: '' }];
    const mapper = (given: readonly object[]): object =>
      listForm({ name: 'r', type: 'dict_mapper', dict_mappers: [{ mapping_rules: given }] });
    const { definition, warnings } = await read(mapper(rules));
    expect(definition).to.deep.equal((await read(mapper([rule]))).definition);
    expect(warnings).to.deep.equal([]);
    const { problems } = await rejectionOf(read(mapper([{ ...rule, transformer: 7 }])), FileProblemsError);
    expect(problems.map(({ message }) => message)).to.deep.equal(['must be a text, not 7']);
  });

  it('is warned of keys that its events never have, with the key that is meant', async () => {
    const keys = [
      'blockNumber',
      'transactionHash',
      'from',
      'event_args.to',
      'tx_hash',
      'args.valu',
      'nope',
      'args.value',
      'args',
      'decimals',
    ];
    const rules = keys.map((source_key) => ({ source_key, target_key: source_key }));
    const call = { contract_address_field: 'contractAddress', abi_path: 'builtin:erc20', method_name: 'decimals' };
    const { warnings } = await read(
      listForm(
        { name: 'c', type: 'contract_caller', contract_callers: [call] },
        {
          name: 'r',
          type: 'dict_mapper',
          dict_mappers: [{ mapping_rules: rules }, { event_name: 'Transfr', mapping_rules: [rule] }],
        },
      ),
    );
    const tail = (key: string): string =>
      ` is no key of the event, and so always absent; the key that is meant is ${key}`;
    expect(warnings.map((each) => each.replace(/^p\.json:\d+: /, ''))).to.deep.equal([
      `contract_address_field: contractAddress${tail('contract_address')}`,
      `source_key: blockNumber${tail('block_number')}`,
      `source_key: transactionHash${tail('transaction_hash')}`,
      `source_key: from${tail('args.from')}`,
      `source_key: event_args.to${tail('args.to')}`,
      `source_key: tx_hash${tail('transaction_hash')}`,
      'source_key: args.valu is no key of the event, and so always absent; the nearest is args.value',
      'source_key: nope is no key of the event, and so always absent',
      'event_name: Transfr is no event of the source; the nearest is Transfer',
    ]);
  });

  it('is warned of sinks whose events never come', async () => {
    const sink = (name: string, event_name: unknown): object => ({ name, type: 'table_sink', table: name, event_name });
    const { warnings } = await read(
      listForm(
        sink('a', 'Transfr'),
        sink('b', ['Transfer', 'Approved']),
        sink('c', 'Transfer'),
        sink('d', ['Transfer(address,address,uint256)', 'Transfer(address,uint256)']),
      ),
    );
    expect(warnings.map((each) => each.replace(/^p\.json:\d+: /, ''))).to.deep.equal([
      'event_name: Transfr is no event of the source; the nearest is Transfer',
      'event_name: Approved is no event of the source; the nearest is Transfer',
      'event_name: Transfer(address,uint256) is no event of the source; the nearest is Transfer(address,address,uint256)',
    ]);
  });

  it('is warned of names that mean nothing', async () => {
    const rules = [{ ...rule, transformer: 'to_strin', validator: 'is_valid_adress' }];
    const { warnings } = await read(
      listForm({ name: 'r', type: 'dict_mapper', dict_mappers: [{ mapping_rules: rules }] }),
    );
    expect(warnings.map((each) => each.replace(/^p\.json:\d+: /, ''))).to.deep.equal([
      'transformer: there is no transformer to_strin, so that values stay as they are; the nearest is to_string',
      'validator: there is no validator is_valid_adress, so that values stay as they are; the nearest is is_valid_address',
    ]);
  });

  it('may name its ABIs from the folder above', async () => {
    const folder = temporaryFolder();
    for (const name of ['abis', 'pipelines']) mkdirSync(join(folder, name));
    const event = { type: 'event', name: 'E', inputs: [] };
    writeFileSync(join(folder, 'abis/e.json'), JSON.stringify([event]));
    for (const path of ['../abis/e.json', 'abis/e.json']) {
      const file = join(folder, 'pipelines/p.json');
      writeFileSync(
        file,
        JSON.stringify({
          pipeline_name: 'old',
          components: [{ name: 'm', type: 'event_monitor', chain_name: 'bsc', abi_path: path }],
        }),
      );
      expect((await loadDefinition(file, definitionOptions)).components).to.have.length(1);
    }
  });

  it('is read as the older program read it: what that ignored or took a default for is a warning', async () => {
    const abi = JSON.stringify([{ type: 'event', name: 'Transfer', inputs: [] }]);
    const others = { ...monitor, abi_path: null };
    const source = {
      ...{
        ...others,
        abi,
        contract_address: `0X${token.slice(2).toUpperCase()}`,
        batch_size: '500',
        keep_unknown: 'False',
      },
      ...{ events_to_monitor: [' Transfer ', 'Mint'], end_block: null, mode: '', topic: 'of another', start_block: 7 },
    };
    const call = { contract_address: token, method_name: 'symbol', chain_name: 'ethereum', retries: 3 };
    const missing = { contract_address: token, method_name: 'symbl' };
    const { definition, warnings } = await read({
      pipeline_name: 'old',
      classification_id: '3',
      author: 'x',
      version: '1',
      components: [
        { name: 'a', type: 'event_monitor', ...source },
        { name: 'off', type: 'kafka_producer', bootstrap_servers: '', topic: 't' },
        {
          name: 'a',
          type: 'contract_caller',
          abi_path: 'builtin:erc20',
          contract_callers: [missing, call, { ...missing, method_name: 'nme' }],
        },
        {
          name: 'a',
          type: 'dict_mapper',
          event_name: 'Transfer',
          mapping_rules: [{ ...rule, required: 'true', note: '' }],
        },
        { name: 'k', type: 'kafka_producer', bootstrap_servers: 'h:9092', topic: 't', batch_size: 16384, acks: 0 },
      ],
    });
    expect(definition.classificationId).to.equal(3);
    expect(definition.components.map(({ name }) => name)).to.deep.equal(['a', 'a-2', 'a-3', 'k']);
    const [events, calls, mapper, kafka] = definition.components.map(({ config }) => config);
    expect(events).to.include({
      batchSize: 500,
      keepUnknown: false,
      mode: 'historical',
      endBlock: null,
      startBlock: 7,
    });
    expect(events).to.deep.include({ eventsToMonitor: ['Transfer'] });
    expect(events).to.have.nested.property('contracts[0].addresses[0]', token.toLowerCase());
    expect(calls).to.have.property('calls').with.length(1);
    expect(mapper).to.have.nested.property('mappings[0].rules[0].required', true);
    expect(kafka).to.include({ batch_size: 2000, acks: 'all' });
    expect(warnings.map((each) => each.replace(/^p\.json:\d+: /, ''))).to.have.members([
      'author: unknown key, which is left out',
      'version: has no meaning here, and is left out',
      'events_to_monitor: "Mint" is no event of the ABI; the nearest is Transfer; left out',
      'topic: unknown key, which is left out',
      'name: has no bootstrap_servers: the component is left out',
      `name: two components are called 'a': this one is called 'a-2'`,
      'method_name: "symbl" is no method of the ABI; the nearest is symbol; left out',
      'method_name: "nme" is no method of the ABI; the nearest is name; left out',
      'retries: unknown key, which is left out',
      `name: two components are called 'a': this one is called 'a-3'`,
      'batch_size: is a number of bytes there, and is left out',
      'acks: is all here: nothing is delivered that no broker has acknowledged',
    ]);
  });

  it('fails where the older program would have failed, at the lines of the file', async () => {
    const value = {
      pipeline_name: 'old',
      version: '1',
      components: [
        { name: 'm', type: 'event_monitor', ...monitor, events_to_monitor: ['Mint'], batch_size: 'many' },
        { name: 'off', type: 'kafka_producer', topic: 't' },
        { name: 'x', type: 'nobody_knows' },
      ],
    };
    const { problems } = await rejectionOf(read(value), FileProblemsError);
    const lines = JSON.stringify(value, null, 1).split('\n');
    expect(problems.map(({ line, key }) => `${key} ${lines[line - 1]?.trim()}`)).to.deep.equal([
      'events_to_monitor "Mint"',
      'batch_size "batch_size": "many"',
      'type "type": "nobody_knows"',
    ]);
  });

  it('is told of what is wrong with keys that have another name or place here, and never of a password', async () => {
    const kafka = { topic: 't', bootstrap_servers: 'h:1', security_protocol: 'SASL_SSL', sasl_plain_username: 'u' };
    const call = { contract_address: token, abi_path: 'builtin:erc20' };
    const calls = [
      { ...call, method_name: 'nope' },
      { ...call, method_name: 'name', block: 'wat' },
    ];
    const value = {
      ...listForm(
        { name: 'd', type: 'dict_mapper', mapping_rules: [{ ...rule, required: 'maybe' }] },
        { name: 'c', type: 'contract_caller', contract_callers: calls },
        { name: 'k', type: 'kafka_producer', ...kafka, sasl_plain_password: 'hunter2' },
      ),
      version: '1',
    };
    const { problems } = await rejectionOf(read(value), FileProblemsError);
    const lines = JSON.stringify(value, null, 1).split('\n');
    expect(problems.map(({ line, message }) => `${lines[line - 1]?.trim()} ${message}`)).to.deep.equal([
      '"required": "maybe" must be true or false, not "maybe"',
      '"method_name": "nope" "nope" is no method of the ABI; the nearest is name',
      '"block": "wat" must be event or latest or immutable, not "wat"',
      '"sasl_plain_password": "hunter2" is a secret: write ${NAME}, which is read from the environment when a run begins, and never stored',
    ]);
  });

  it('is refused for a sink below a caller that is left out, as it is without the caller', async () => {
    const call = { contract_address: token, abi_path: 'builtin:erc20', method_name: 'nope' };
    const hook = { name: 'h', type: 'webhook_sink', url: 'https://example.com/${CHAINPARSE_API_TOKEN}' };
    const value = { ...listForm({ name: 'c', type: 'contract_caller', ...call }, hook), version: '1' };
    const { problems } = await rejectionOf(read(value), FileProblemsError);
    expect(problems.map(({ key }) => key)).to.deep.equal(['url']);
  });

  it('is warned of at most 100 things', async () => {
    const keys = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`unknown${i}`, i]));
    const { warnings } = await read({ ...listForm(), version: '1', ...keys });
    expect(warnings).to.have.length(100);
  });
});
