import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Interface } from 'ethers';
import { expect } from 'chai';
import { erc20Abi, erc20CreationCode } from '../../demo/erc20-code.js';
import { toChecksumAddress } from '../../src/chain/abi/checksum.js';
import { builtinAbi } from '../../src/chain/abi/builtin-abis.js';
import { runInPlace } from '../cli/run-in.js';
import type { CommandResult } from '../cli/run-in.js';
import { Anvil } from '../support/anvil.js';
import { describeWithKafka, KafkaMock } from '../support/kafka-mock.js';
import { MessageReceiver } from '../support/message-receiver.js';
import { runChainparse } from '../support/processes.js';
import { rdkafkaEnvironment } from '../support/rdkafka.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const contract = new Interface(erc20Abi);
const unit = 10n ** 18n;

describe('pipelines of the older program', function () {
  this.timeout(120_000);
  let anvil: Anvil;
  let receiver: MessageReceiver;
  let folder: string;
  let tokens: readonly string[];
  let owner: string;
  let other: string;

  before(async () => {
    anvil = await Anvil.start();
    receiver = await MessageReceiver.start();
    [owner, other] = [await anvil.account(), await anvil.account(1)];
    tokens = [await deploy('First Token', 'ONE'), await deploy('Second Token', 'TWO')];
    for (const [n, token] of tokens.entries()) await transfer(token, BigInt(n + 1) * unit + 5n);
  });
  after(() => receiver.stop());
  beforeEach(async () => {
    receiver.messages.clear();
    folder = temporaryFolder();
    for (const name of ['abis', 'pipelines']) mkdirSync(join(folder, name));
    const abi = [...builtinAbi('erc20')!, ...builtinAbi('erc20', 'function')!];
    writeFileSync(join(folder, 'abis/erc20.json'), JSON.stringify(abi));
    await chainparse('migrate');
  });

  const deploy = async (name: string, symbol: string): Promise<string> => {
    const words = contract.encodeDeploy([name, symbol, 1_000n * unit, owner]).slice(2);
    return (await anvil.receipt(await anvil.send({ data: erc20CreationCode + words }))).contractAddress!;
  };
  const transfer = (token: string, value: bigint): Promise<string> =>
    anvil.send({ to: token, data: contract.encodeFunctionData('transfer', [other, value]) });
  const place = (): { readonly cwd: string; readonly env: Record<string, string> } => ({
    cwd: folder,
    env: {
      CHAINPARSE_DATABASE_URL: `sqlite:${folder}/test.db`,
      CHAIN_31337_RPC_URL: anvil.url,
      HOOK_URL: receiver.url,
    },
  });
  const result = (...args: string[]): Promise<CommandResult> => runInPlace(place(), args);
  const chainparse = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await result(...args);
    expect(code, `${args.join(' ')}: ${stderr}`).to.equal(0);
    return stdout;
  };
  const write = (definition: object): void =>
    writeFileSync(join(folder, 'pipelines/p.json'), JSON.stringify(definition, null, 2));
  const hook = { type: 'webhook_sink', url: '${HOOK_URL}', allow_private: true };
  const monitor = (): object => ({
    chain_name: 'chain-31337',
    contract_address: tokens,
    abi_path: '../abis/erc20.json',
    events_to_monitor: ['Transfer'],
    start_block: 0,
  });
  const dynamic = {
    contract_address_source: 'dynamic',
    contract_address_field: 'contract_address',
    abi_path: '../abis/erc20.json',
  };
  const rules = [
    {
      source_key: 'args.value',
      target_key: 'amount',
      transformer: 'decimal_normalize_with_field',
      description: 'in tokens',
    },
    { source_key: 'args.to', target_key: 'receiver', transformer: 'format_address' },
    { source_key: 'symbol', target_key: 'token.symbol' },
    { source_key: 'decimals_result', target_key: 'decimals' },
    { source_key: 'balanceOf', target_key: 'balance' },
    { source_key: 'blockNumber', target_key: 'never' },
    { source_key: 'timestamp', target_key: 'time', transformer: 'timestamp_to_date' },
  ];
  const mappedFields = ['amount', 'receiver', 'token.symbol', 'decimals', 'balance', 'time'];
  const amountsOf = (rows: readonly Readonly<Record<string, unknown>>[]): unknown =>
    rows.map((each) => [each['amount'], each['token.symbol'], each['balance']]);
  const expected = [
    ['1000', 'ONE', String(1_000n * unit)],
    ['1000', 'TWO', String(1_000n * unit)],
    ['1.000000000000000005', 'ONE', 1_000_000_000_000_000_005],
    ['2.000000000000000005', 'TWO', 2_000_000_000_000_000_005],
  ];

  const listForm = (out: object): object => {
    const callers = ['decimals', 'symbol'].map((method_name) => ({ event_name: 'Transfer', ...dynamic, method_name }));
    const balance = { ...dynamic, method_name: 'balanceOf', method_params: ['args.to'] };
    return {
      pipeline_name: 'old-list',
      description: 'from before',
      classification_id: 1,
      components: [
        { name: 'transfers', type: 'event_monitor', ...monitor(), output_format: 'json' },
        { name: 'calls', type: 'contract_caller', contract_callers: [...callers, balance] },
        { name: 'rows', type: 'dict_mapper', dict_mappers: [{ event_name: 'Transfer', mapping_rules: rules }] },
        { name: 'out', ...out },
      ],
    };
  };
  const expectMapped = (rows: readonly Readonly<Record<string, unknown>>[]): void => {
    expect(amountsOf(rows)).to.deep.equal(expected);
    for (const row of rows) {
      expect(Object.keys(row)).to.deep.equal(mappedFields);
      expect(row['decimals']).to.equal(18);
      expect(row['time']).to.match(/^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/);
    }
    const receivers = [owner, owner, other, other].map((address) => address.toLowerCase());
    expect(rows.map((row) => row['receiver'])).to.deep.equal(receivers);
  };

  it('run in the list form: a monitor, calls of contracts, a mapper, and a sink', async () => {
    write(listForm(hook));
    const validated = JSON.parse(await chainparse('pipeline', 'validate', 'pipelines/p.json', '--json')) as {
      warnings: readonly { key: string; message: string }[];
    };
    expect(validated.warnings.map(({ key }) => key)).to.have.members(['output_format', 'description', 'source_key']);
    const { stderr, stdout } = await result('pipeline', 'import', 'pipelines/p.json');
    expect(stderr).to.match(/warning: pipelines\/p\.json:\d+: output_format: has no meaning here/);
    await chainparse('run-pipeline', stdout.trim());
    expectMapped(receiver.data);
  });

  // The run is a process of its own: what it loads of librdkafka would outlive the run in the tests' process, and could keep that from ending.
  describeWithKafka('with a topic of Kafka', () => {
    it('run in the list form: the values are the mapped fields, as its consumers read them', async () => {
      const kafka = await KafkaMock.start();
      await kafka.topic('rows', 1);
      const bus = { type: 'kafka_producer', bootstrap_servers: kafka.brokers, topic: 'rows', sync_send: true };
      write(listForm(bus));
      const { stdout, stderr } = await result('pipeline', 'import', 'pipelines/p.json');
      expect(stderr).to.match(/warning: pipelines\/p\.json:\d+: sync_send: has no meaning here/);
      const { cwd, env } = place();
      const options = { cwd, env: { ...env, ...rdkafkaEnvironment() }, timeoutMs: 60_000 };
      const run = await runChainparse(['run-pipeline', stdout.trim()], options);
      expect(run, run.stderr).to.include({ code: 0 });
      const records = await kafka.read('rows');
      expectMapped(records.map(({ value }) => JSON.parse(value) as Record<string, unknown>));
      const keys = [...tokens, ...tokens].map((token) => toChecksumAddress(token));
      expect(records.map(({ key }) => key)).to.deep.equal(keys);
      expect(records.map(({ headers }) => headers['chainparse-op'])).to.deep.equal(Array(4).fill('insert'));
      await kafka.stop();
    });
  });

  it('run in the object form, with a component that is not enabled, and one call in its flat form', async () => {
    const mixed = toChecksumAddress(tokens[0]!);
    const digit = mixed.search(/[a-f]/);
    const wrong = mixed.slice(0, digit) + mixed.charAt(digit).toUpperCase() + mixed.slice(digit + 1);
    write({
      pipeline_name: 'old-object',
      version: '1.0',
      components: {
        monitor: {
          name: 'transfers',
          type: 'event_monitor',
          config: { ...monitor(), contract_address: [wrong, tokens[1]] },
        },
        decimals: { name: 'decimals', type: 'contract_caller', config: { ...dynamic, method_name: 'decimals' } },
        symbol: {
          name: 'symbol',
          enabled: true,
          type: 'contract_caller',
          config: { ...dynamic, method_name: 'symbol' },
        },
        off: { name: 'off', enabled: false, type: 'contract_caller', config: {} },
        out: { name: 'out', ...hook },
      },
      error_handling: { max_retries: 3 },
    });
    const { stdout, stderr } = await result('pipeline', 'import', 'pipelines/p.json');
    expect(stderr).to.contain('has a wrong EIP-55 checksum');
    await chainparse('run-pipeline', stdout.trim());
    const sent = receiver.data as readonly {
      event_name: string;
      decimals_result: number;
      symbol_result: string;
      args: { value: string };
    }[];
    expect(sent.map((each) => [each.symbol_result, each.decimals_result, each.args.value])).to.deep.equal([
      ['ONE', 18, String(1_000n * unit)],
      ['TWO', 18, String(1_000n * unit)],
      ['ONE', 18, String(unit + 5n)],
      ['TWO', 18, String(2n * unit + 5n)],
    ]);
  });

  it('are previewed from a file, and from what is stored', async () => {
    const callers = [{ ...dynamic, method_name: 'symbol', result_key: 'symbol' }];
    write({
      name: 'preview',
      components: [
        { name: 'transfers', type: 'event_monitor', ...monitor() },
        { name: 'calls', type: 'contract_caller', contract_callers: callers },
        { name: 'rows', type: 'dict_mapper', dict_mappers: [{ mapping_rules: [rules[2]!] }] },
        { name: 'out', ...hook },
      ],
    });
    interface Preview {
      readonly pipeline_id: number | null;
      readonly events: readonly {
        event: { block_number: number };
        stages: readonly { name: string; data: unknown }[];
      }[];
    }
    const preview = async (...args: string[]): Promise<Preview> =>
      JSON.parse(await chainparse('pipeline', 'preview', ...args, '--json')) as Preview;
    const ofFile = await preview('pipelines/p.json', '--last', '2');
    expect(ofFile.pipeline_id).to.equal(null);
    expect(ofFile.events.map(({ stages }) => stages.at(-1))).to.deep.equal([
      { name: 'rows', type: 'dict_mapper', data: { 'token.symbol': 'ONE' } },
      { name: 'rows', type: 'dict_mapper', data: { 'token.symbol': 'TWO' } },
    ]);
    const block = String(ofFile.events[0]!.event.block_number);
    expect((await preview('pipelines/p.json', '--block', block)).events).to.have.length(1);
    const beyond = await result('pipeline', 'preview', 'pipelines/p.json', '--block', '999999');
    expect(beyond).to.include({ code: 2 });
    expect(beyond.stderr).to.match(/^error: block 999999 is not there yet: the chain is at \d+$/m);
    const id = (await chainparse('pipeline', 'import', 'pipelines/p.json')).trim();
    const ofId = await preview(id, '--block', block);
    expect(ofId.pipeline_id).to.equal(Number(id));
    expect(ofId.events[0]!.stages).to.deep.equal(
      ofFile.events[0]!.stages.map((stage) => ({
        ...stage,
        data: {
          ...(stage.data as object),
          ...('pipeline_id' in (stage.data as object) ? { pipeline_id: Number(id) } : {}),
        },
      })),
    );
    const event = JSON.stringify({ event_name: 'Transfer', contract_address: tokens[1] });
    expect((await preview('preview', '--event', event)).events[0]!.stages.at(-1)!.data).to.deep.equal({
      'token.symbol': 'TWO',
    });
    const shown = await chainparse('pipeline', 'preview', id);
    expect(shown).to.match(/Transfer +calls +rows\n/);
    expect(shown).to.match(/token\.symbol +- +- +TWO/);
    expect(receiver.messages.size).to.equal(0);
    expect(await chainparse('events', 'list', '--pipeline', id, '--json')).to.contain('"total":0');
  });
});
