import { expect } from 'chai';
import { parseDefinition } from '../../../src/pipeline/definition/read-definition.js';
import { definitionKeys } from '../../../src/pipeline/definition/definition-keys.js';
import { printDefinition } from '../../../src/pipeline/definition/print-definition.js';
import { definitionOptions, monitorYaml, usdc } from './definition-texts.js';

const parse = (text: string) => parseDefinition(text, 'p.yaml', definitionOptions);

const texts = [
  monitorYaml(),
  `id: 7\ndescription: "two\\nlines: #1"\ntimeout_minutes: 2.5\n${monitorYaml(`contract_address: '${usdc}'`, 'finality: 12')}`,
  `restart: always\nschedule: "*/5 3 * * 1"\ntime_zone: Asia/Shanghai\n${monitorYaml()}`,
  monitorYaml(
    `contract_address: ['${usdc}', '0x${'1'.repeat(40)}']`,
    'events_to_monitor: [Transfer]',
    'start_block: 1',
  ),
  monitorYaml(
    `contracts: [{address: '${usdc}', abi_path: builtin:erc20}, {address: '0x${'1'.repeat(40)}', abi_path: builtin:erc1155}]`,
    `address_filters: ['${usdc}']`,
    'mode: realtime',
    'keep_unknown: true',
    'verify_heads: true',
    'end_block: 9007199254740991',
  ).replace('    abi_path: builtin:erc20\n', ''),
  monitorYaml()
    .replace('name: x', 'name: "yes: 0x1"')
    .replace(
      'abi_path: builtin:erc20',
      'abi: [{type: event, name: E, anonymous: true, inputs: [{name: "0x1", type: tuple, components: [{name: "on", type: bool}]}]}]',
    ),
  `${monitorYaml()}${[
    'type: table_sink, table: t',
    'type: file_sink, path: t',
    'type: webhook_sink, url: "https://h"',
    'type: kafka_producer, bootstrap_servers: "h:9092", topic: t',
    'type: nats_sink, servers: "nats://h", subject: t',
    'type: redis_sink, url: "redis://h", stream: t',
    'type: rabbitmq_sink, url: "amqp://h", queue: t',
  ]
    .map((keys, i) => `  - {name: s${i}, ${keys}}\n`)
    .join('')}`,
];

describe('a printed definition', () => {
  texts.forEach((text, i) => {
    it(`gives the same definition again, as YAML and as JSON (${i + 1})`, async () => {
      const definition = await parse(text);
      expect(await parse(printDefinition(definition))).to.deep.equal(definition);
      expect(await parse(JSON.stringify(definitionKeys(definition)))).to.deep.equal(definition);
    });
  });

  it('gives the same again of texts and numbers that written plainly would be read as something else', async () => {
    const rule = (value: string): string =>
      `  - {name: m, type: dict_mapper, dict_mappers: [{mapping_rules: [{source_key: a, target_key: b, default_value: ${value}}]}]}\n`;
    const values = [
      '{"<<": {a: 1}}',
      '{a: ["<<", {"<<": "<<"}]}',
      '" \\n"',
      '["\\n", "\\n\\n ", " "]',
      '[1e18, -1.5e21, 1e23]',
    ];
    for (const value of values) {
      const definition = await parse(monitorYaml() + rule(value));
      expect(await parse(printDefinition(definition)), value).to.deep.equal(definition);
    }
    const definition = await parse(`description: "  \\n"\n${monitorYaml()}`);
    expect(definition.description).to.equal('  \n');
    expect(await parse(printDefinition(definition))).to.deep.equal(definition);
  });

  it('keeps an entry of an ABI on one line', async () => {
    const lines = printDefinition(await parse(monitorYaml())).split('\n');
    expect(lines.filter((line) => line.includes('type: event,'))).to.have.length(2);
  });
});
