import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { builtinAbi } from '../../../src/chain/abi/builtin-abis.js';
import type { EventMonitorConfig } from '../../../src/components/event-monitor/config.js';
import { registry } from '../../../src/components/registry.js';
import { fieldsBelow } from '../../../src/components/stages-of.js';
import type { PipelineDefinition } from '../../../src/model/pipeline.js';
import { loadDefinition, parseDefinition } from '../../../src/pipeline/definition/read-definition.js';
import { problemText, UsageError } from '../../../src/runtime/errors.js';
import { rejectionOf } from '../../support/rejection.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { definitionOptions, monitorYaml, usdc } from './definition-texts.js';

const parse = (text: string): Promise<PipelineDefinition> => parseDefinition(text, 'p.yaml', definitionOptions);

async function parseMonitor(...keys: string[]): Promise<EventMonitorConfig> {
  const { components } = await parse(monitorYaml(...keys));
  return components[0]!.config as unknown as EventMonitorConfig;
}

describe('a definition', () => {
  it('is read from YAML, with every default filled in', async () => {
    const definition = await parse(`id: 45\nclassification_id: 1\ndescription: all of it\n${monitorYaml()}`);
    expect(definition).to.deep.equal({
      id: 45,
      name: 'x',
      classificationId: 1,
      description: 'all of it',
      timeoutMinutes: null,
      ...{ restart: null, schedule: null, timeZone: null },
      components: [
        {
          name: 'transfers',
          type: 'event_monitor',
          config: {
            chainName: 'ethereum',
            chainId: 1,
            contracts: [{ addresses: null, abi: builtinAbi('erc20') }],
            eventsToMonitor: null,
            mode: 'historical',
            startBlock: null,
            endBlock: null,
            finality: 'latest',
            pollInterval: 1,
            addressFilters: [],
            keepUnknown: false,
            batchSize: 2000,
          },
        },
      ],
    });
  });

  it('is read from JSON with pipeline_name, indented by tabs or not', async () => {
    const component = {
      name: 't',
      type: 'event_monitor',
      chain_name: 'bsc',
      abi_path: 'builtin:erc721',
      mode: 'realtime',
    };
    const document = { pipeline_name: 'x "quoted" 名', components: [component] };
    for (const indent of [undefined, '\t', 2]) {
      const { name, components } = await parse(JSON.stringify(document, null, indent));
      expect(name).to.equal('x "quoted" 名');
      expect(components[0]?.config).to.include({ chainId: 56, mode: 'realtime' });
    }
  });

  it('may have a byte order mark and carriage returns', async () => {
    const file = join(temporaryFolder(), 'p.yaml');
    writeFileSync(file, `\ufeff${monitorYaml().replaceAll('\n', '\r\n')}`);
    expect(await loadDefinition(file, definitionOptions)).to.have.property('name', 'x');
  });

  it('may end its lines, or its last one, with a carriage return alone', async () => {
    for (const text of [`${monitorYaml('start_block: 5')}\r`, monitorYaml('start_block: 5').trimEnd() + '\r'])
      expect((await parse(text)).components[0]?.config).to.include({ startBlock: 5 });
    expect(await parse(monitorYaml().replaceAll('\n', '\r'))).to.have.property('name', 'x');
  });

  it('takes null for a key that was left out, and an empty list where it can mean nothing else', async () => {
    const config = await parseMonitor(
      'contract_address:',
      'contracts: []',
      'address_filters: []',
      'events_to_monitor: ~',
      'start_block: ~',
    );
    expect(config).to.deep.include({ eventsToMonitor: null, startBlock: null, addressFilters: [] });
    expect(config.contracts[0]?.addresses).to.equal(null);
  });

  it('takes an address without quotes, in one case, or in several forms once', async () => {
    const upper = `0X${usdc.slice(2).toUpperCase()}`;
    const { contracts } = await parseMonitor(`contract_address: [${usdc}, "${usdc}", ${usdc.toLowerCase()}, ${upper}]`);
    expect(contracts[0]?.addresses).to.deep.equal([usdc.toLowerCase()]);
    expect((await parseMonitor(`contract_address: ${usdc}`)).contracts[0]?.addresses).to.have.length(1);
  });

  it('takes names and signatures of events, however they are written', async () => {
    const config = await parseMonitor(
      'events_to_monitor:',
      '  - Transfer',
      '  - Approval(address, address, uint)',
      '  - event Transfer(address indexed from, address indexed to, uint256 value)',
    );
    expect(config.eventsToMonitor).to.deep.equal([
      'Transfer',
      'Approval(address,address,uint256)',
      'Transfer(address,address,uint256)',
    ]);
  });

  it('knows the id of a chain from its name, from chain-<id>, or from chain_id', async () => {
    const chainOf = async (name: string, ...keys: string[]): Promise<unknown> => {
      const definition = await parse(monitorYaml(...keys).replace('ethereum', name));
      const { chainName, chainId } = definition.components[0]!.config;
      return [chainName, chainId];
    };
    expect(await chainOf('Polygon')).to.deep.equal(['polygon', 137]);
    expect(await chainOf('chain-77')).to.deep.equal(['chain-77', 77]);
    expect(await chainOf('devnet', 'chain_id: 3503995874084926')).to.deep.equal(['devnet', 3503995874084926]);
    expect(await chainOf('base', 'chain_id: 8453')).to.deep.equal(['base', 8453]);
  });

  it('takes each kind of finality', async () => {
    for (const finality of ['latest', 'safe', 'finalized', 12, 0]) {
      expect(await parseMonitor(`finality: ${finality}`)).to.have.property('finality', finality);
    }
  });

  it('reads ABI files beside the definition, plain or in a compiler artifact, and stored ABIs', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'abis'));
    const abi = builtinAbi('erc721');
    writeFileSync(join(folder, 'abis', 'plain.json'), JSON.stringify(abi));
    writeFileSync(join(folder, 'abis', 'artifact.json'), JSON.stringify({ contractName: 'N', abi, bytecode: '0x' }));
    for (const reference of ['abis/plain.json', 'abis/artifact.json', 'abi_id:7']) {
      const text = monitorYaml().replace('builtin:erc20', reference);
      const storedAbi = (id: number): Promise<NonNullable<typeof abi>> =>
        id === 7 ? Promise.resolve(abi!) : Promise.reject(new Error('another id'));
      const definition = await parseDefinition(text, join(folder, 'p.yaml'), { ...definitionOptions, storedAbi });
      expect(definition.components[0]?.config).to.deep.include({ contracts: [{ addresses: null, abi }] });
    }
  });

  it('refuses a stored ABI that has an error, such as a name too long for tables', async () => {
    const abi = [{ type: 'event', name: 'E'.repeat(256), inputs: [] }];
    const text = monitorYaml().replace('builtin:erc20', 'abi_id:7');
    const options = { ...definitionOptions, storedAbi: () => Promise.resolve(abi) };
    const error = await rejectionOf(parseDefinition(text, 'p.yaml', options), UsageError);
    expect(error.message).to.include('abi_id:7: ABI entry 0 (event): its "name" has more than 255 characters');
  });

  it('joins contracts that share an ABI', async () => {
    const [a, b, c] = ['a', 'b', 'c'].map((digit) => `0x${digit.repeat(40)}`);
    const text = monitorYaml(
      'contracts:',
      `  - {address: "${a}", abi_path: builtin:erc20}`,
      `  - {address: "${b}", abi_path: builtin:erc721}`,
      `  - {address: ["${c}", "${a}"], abi_path: builtin:erc20}`,
      'events_to_monitor: [ApprovalForAll, Transfer]',
    ).replace('    abi_path: builtin:erc20\n', '');
    const { config } = (await parse(text)).components[0]!;
    expect(config['contracts']).to.deep.equal([
      { addresses: [a, c], abi: builtinAbi('erc20') },
      { addresses: [b], abi: builtinAbi('erc721') },
    ]);
  });

  it('may name an argument as each of its contracts does, wherever it names one', async () => {
    const inputs = ['src', 'dst', 'wad'].map((name) => ({ name, type: name === 'wad' ? 'uint256' : 'address' }));
    const weth = JSON.stringify([{ type: 'event', name: 'Transfer', inputs }]);
    const texts = ['wad', 'value'].map((name) => {
      const text = monitorYaml(
        'contracts:',
        `  - {address: "0x${'a'.repeat(40)}", abi: ${weth}}`,
        `  - {address: "${usdc}", abi_path: builtin:erc20}`,
        `where: {args.${name}: {gt: 1}}`,
      ).replace('    abi_path: builtin:erc20\n', '');
      const rules = ['wad', 'value'].map((key) => `{source_key: args.${key}, target_key: ${key}}`).join(', ');
      const call = 'abi_path: builtin:erc20, method_name: balanceOf, method_params: [args.dst]';
      return [
        ...[text, '  - {name: hook, type: webhook_sink, url: "${URL}", body: {text: "{args.wad}{args.value}"}}'],
        '  - {name: rows, type: table_sink, table: a, indexes: [[dst], [to]]}',
        `  - {name: calls, type: contract_caller, contract_callers: [{contract_address_field: args.src, ${call}}]}`,
        `  - {name: rules, type: dict_mapper, dict_mappers: [{mapping_rules: [${rules}]}]}`,
      ].join('\n');
    });
    for (const text of texts) {
      const warnings: string[] = [];
      const onWarning = (warning: Parameters<typeof problemText>[0]): void => void warnings.push(problemText(warning));
      const { components } = await parseDefinition(text, 'p.yaml', { ...definitionOptions, onWarning });
      expect(warnings).to.deep.equal([]);
      expect(fieldsBelow(components, registry)[0]!.fields.map(({ name, type }) => `${name} ${type}`)).to.deep.equal([
        ...['wad uint256', 'value uint256'],
      ]);
    }
  });

  it('may share values by YAML anchors', async () => {
    const text = monitorYaml('contract_address: &list ["0x' + 'a'.repeat(40) + '"]', 'address_filters: *list');
    const { config } = (await parse(text)).components[0]!;
    expect(config['addressFilters']).to.deep.equal(['0x' + 'a'.repeat(40)]);
  });
});
