import { expect } from 'chai';
import { printDefinition } from '../../../src/pipeline/definition/print-definition.js';
import { parseDefinition } from '../../../src/pipeline/definition/read-definition.js';
import { cases, failure, problemOf, problemsOf } from './definition-failures.js';
import { definitionOptions, monitorYaml, usdc } from './definition-texts.js';

const withChain = (name: string, ...keys: string[]): string => monitorYaml(...keys).replace('ethereum', name);
const withAbi = (line: string): string => monitorYaml().replace('abi_path: builtin:erc20', line);
const componentOf = (keys: string): string => `name: x\ncomponents:\n  - {name: a, ${keys}}\n`;

describe('a definition with a wrong key', () => {
  cases([
    [
      'an unknown key, naming the nearest',
      monitorYaml('start_blok: 5'),
      '7: start_blok: unknown key; the nearest known key is start_block',
    ],
    ['a key in another case', monitorYaml('startBlock: 5'), /^p\.yaml:7: startBlock: unknown key.* start_block$/],
    ['an unknown key at the top', `nam: y\n${monitorYaml()}`, '1: nam: unknown key; the nearest known key is name'],
    ['a misspelt type', componentOf('typ: event_monitor'), '3: typ: unknown key; the nearest known key is type'],
    [
      'an unknown key of a contract',
      withAbi('contracts: [{adress: "0x0"}]'),
      '6: adress: unknown key; the nearest known key is address',
    ],
    ['a key given twice', `${monitorYaml()}name: y\n`, '7: name: given twice; the first is on line 1'],
    ['both names', 'name: x\npipeline_name: y\n', "2: pipeline_name: can't stand beside name: give one of the two"],
    ['a missing name', monitorYaml().replace('name: x\n', ''), '1: name: is required'],
    ['a missing type', componentOf('chain_name: base'), '3: type: is required'],
    ['no components', 'name: x\n', '1: components: must list at least one component, the source first'],
  ]);

  it('is told with a hundred others at most, each of which is looked up in the file', async () => {
    const keys = Array.from({ length: 60_000 }, (_, n) => `start_blok_${n}: 1`);
    expect(await problemsOf(monitorYaml(...keys))).to.have.length(100);
  });

  it('has at most 200 components', async () => {
    const item = '  - {name: a, type: dict_mapper}\n';
    const problems = await problemsOf(`name: x\ncomponents:\n${item.repeat(201)}`);
    expect(problems.join('\n')).to.contain('components: ').and.to.contain('200');
  });

  it('is told that an RPC URL is a setting, without its secret', async () => {
    const text = monitorYaml('rpc_url: https://node.example/SECRET');
    const error = await failure(parseDefinition(text, 'p.yaml', definitionOptions));
    expect(error.message).to.equal('p.yaml:7: rpc_url: unknown key');
    expect(error.hint).to.contain('--rpc-url');
    expect(await problemOf(monitorYaml('mode: https://node.example/SECRET'))).not.to.contain('SECRET');
  });
});

describe('a value of a mapping rule that JSON does not hold', () => {
  const withRule = (keys: string): string =>
    `${monitorYaml()}  - {name: r, type: dict_mapper, dict_mappers: [{mapping_rules: [{source_key: a, target_key: b, ${keys}}]}]}\n`;
  const mustBe = 'must be a text, a number, true, false, null, or a list or mapping of such';

  it('is told what may stand there, and that a large number is quoted', async () => {
    for (const [keys, path, shown] of [
      ['default_value: 123456789012345678901234567890', 'default_value', '123456789012345678901234567890'],
      ['default_value: [1, {n: 12345678901234567890123}]', 'default_value', 'a list'],
      ['condition: {field: a, value: 12345678901234567890123}', 'value', '12345678901234567890123'],
    ] as const) {
      const error = await failure(parseDefinition(withRule(keys), 'p.yaml', definitionOptions));
      expect(error.message).to.equal(`p.yaml:7: ${path}: ${mustBe}, not ${shown}`);
      expect(error.hint).to.equal('quote a whole number beyond 2^53: as a text it keeps each digit');
    }
    const other = await failure(parseDefinition(withRule('default_value: .nan'), 'p.yaml', definitionOptions));
    expect([other.message, other.hint]).to.deep.equal([`p.yaml:7: default_value: ${mustBe}, not .nan`, undefined]);
    await parseDefinition(withRule('default_value: "123456789012345678901234567890"'), 'p.yaml', definitionOptions);
  });

  it('is told alike where a method is to be called with it', async () => {
    const call = 'contract_address_field: contract_address, abi_path: builtin:erc721, method_name: tokenURI';
    const calling = (param: string): string =>
      `${monitorYaml()}  - {name: c, type: contract_caller, contract_callers: [{${call}, method_params: [${param}]}]}\n`;
    const error = await failure(parseDefinition(calling('1000000000000000000'), 'p.yaml', definitionOptions));
    expect(error.message).to.equal(`p.yaml:7: method_params: ${mustBe}, not 1000000000000000000`);
    expect(error.hint).to.equal('quote a whole number beyond 2^53: as a text it keeps each digit');
    const never = await failure(parseDefinition(calling('1.5'), 'p.yaml', definitionOptions));
    expect(never.message).to.equal('p.yaml:7: method_params: must be a whole number of uint256, not 1.5');
    for (const right of ['1e18', '"1000000000000000000"', 'args.value'])
      await parseDefinition(calling(right), 'p.yaml', definitionOptions);
  });
});

describe('a condition of a mapping rule', () => {
  const withCondition = (condition: string): string =>
    `${monitorYaml()}  - {name: r, type: dict_mapper, dict_mappers: [{mapping_rules: [{source_key: a, target_key: b, condition: ${condition}}]}]}\n`;

  cases([
    [
      'no field, which would let all through',
      withCondition('{field: ~, value: 5}'),
      '7: field: must be a text, not nothing',
    ],
    ['no type', withCondition('{type: , field: a, value: 5}'), '7: type: must be a text, not nothing'],
  ]);

  it('may compare with null', async () => {
    const { components } = await parseDefinition(withCondition('{field: a, value: ~}'), 'p.yaml', definitionOptions);
    expect(JSON.stringify(components[1]?.config)).to.contain('{"type":"equals","field":"a","value":null}');
  });
});

describe('a definition with many problems', () => {
  it('is told of all of them at once, in the order of their lines', async () => {
    const text = [
      'name: x',
      'name: y',
      'timeout: 5',
      'id: -1',
      'components:',
      '  - name: a',
      '    type: event_monitor',
      '    chain_name: etherum',
      '    contract_address: 0x12',
      '    abi_path: none.json',
      '    start_block: 9',
      '    end_block: 8',
      '    mode: [live]',
      '    poll: 1',
      '  - name: a',
      '    type: event_monitr',
      '  - {name: b, type: event_monitor, chain_name: base, abi_path: "builtin:erc20", events_to_monitor: [Transfr], batch_size: x}',
    ];
    const lines = (await problemsOf(text.join('\n'))).map((line) => line.replace('p.yaml:', ''));
    expect(lines).to.deep.equal([
      '2: name: given twice; the first is on line 1',
      '3: timeout: unknown key; the nearest known key is timeout_minutes',
      '4: id: must be from 1 to 2147483647, not -1',
      '8: chain_name: etherum is not a known chain and has no chain_id; the nearest known one is ethereum',
      '9: contract_address: must be an address of 0x and 40 hex digits, not 0x12',
      '10: abi_path: there is no file none.json',
      '12: end_block: 8 is before start_block 9',
      '13: mode: must be historical or realtime, not a list',
      '14: poll: unknown key; the nearest known key is poll_interval',
      "15: name: two components are called 'a'",
      "16: type: unknown component type 'event_monitr'; the nearest known one is event_monitor",
      '17: type: event_monitor is a source, which only the first component can be',
      '17: batch_size: must be a whole number, not "x"',
      '17: events_to_monitor: "Transfr" is no event of the ABI; the nearest is Transfer',
    ]);
  });

  it('is told of the other keys beside a number that is not whole', async () => {
    const text = monitorYaml('start_block: 9', 'end_block: 8', 'batch_size: -1.5').replace('ethereum', 'etherum');
    expect(await problemsOf(text)).to.deep.equal([
      'p.yaml:5: chain_name: etherum is not a known chain and has no chain_id; the nearest known one is ethereum',
      'p.yaml:8: end_block: 8 is before start_block 9',
      'p.yaml:9: batch_size: must be a whole number, not -1.5',
    ]);
  });

  it('is not told that a key is missing that is only misspelt', async () => {
    expect(await problemsOf(monitorYaml().replace('chain_name', 'chainname'))).to.deep.equal([
      'p.yaml:5: chainname: unknown key; the nearest known key is chain_name',
    ]);
    expect(await problemsOf('nme: x\ncomponent: []\n')).to.have.length(2);
  });
});

describe('a definition with a wrong value', () => {
  const right = usdc;
  cases([
    [
      'a wrong checksum, showing the right one',
      monitorYaml(`contract_address: '${right.replace('A0b8', 'A0B8')}'`),
      new RegExp(`^p.yaml:7: contract_address: .* checksum; the right one is ${right}$`),
    ],
    [
      'a wrong checksum deep in a list',
      monitorYaml('contract_address:', `  - '${right}'`, `  - ${right.replace('eB48', 'eb48')}`),
      /^p\.yaml:9: contract_address: .*checksum/,
    ],
    [
      'an address that is too short',
      monitorYaml('contract_address: 0xA0b869'),
      /^p\.yaml:7: .*40 hex digits, not 0xA0b869$/,
    ],
    ['a name of ENS', monitorYaml('address_filters: [vitalik.eth]'), /^p\.yaml:7: address_filters: .*"vitalik.eth"$/],
    [
      'a block beyond 2^53',
      monitorYaml('start_block: 9007199254740993'),
      '7: start_block: must be from 0 to 9007199254740991, not 9007199254740993',
    ],
    ['a negative block', monitorYaml('end_block: -1'), '7: end_block: must be from 0 to 9007199254740991, not -1'],
    ['a fraction of a block', monitorYaml('start_block: 1.5'), '7: start_block: must be a whole number, not 1.5'],
    ['a block in quotes', monitorYaml('start_block: "10"'), '7: start_block: must be a whole number, not "10"'],
    [
      'an end before the start',
      monitorYaml('start_block: 10', 'end_block: 9'),
      '8: end_block: 9 is before start_block 10',
    ],
    [
      'no poll interval',
      monitorYaml('poll_interval: 0'),
      '7: poll_interval: must be more than 0 and at most 86400, not 0',
    ],
    [
      'a poll interval that is none',
      monitorYaml('poll_interval: .nan'),
      '7: poll_interval: must be a number, not .nan',
    ],
    ['a batch of nothing', monitorYaml('batch_size: 0'), '7: batch_size: must be from 1 to 1000000, not 0'],
    ['a batch too large', monitorYaml('batch_size: 1000001'), '7: batch_size: must be from 1 to 1000000, not 1000001'],
    ['an unknown mode', monitorYaml('mode: live'), '7: mode: must be historical or realtime, not "live"'],
    [
      'an unknown finality',
      monitorYaml('finality: safes'),
      '7: finality: must be latest, safe, finalized or a number of confirmations, not "safes"',
    ],
    ['negative confirmations', monitorYaml('finality: -1'), '7: finality: must be from 0 to 1000000, not -1'],
    ['a flag that is none', monitorYaml('keep_unknown: 1'), '7: keep_unknown: must be true or false, not 1'],
    ['a list for a text', 'name: [x]\n', '1: name: must be a text, not a list'],
    ['a number for a name', 'name: 123\n', '1: name: must be a text, not 123'],
    ['an empty name', 'name: " "\n', '1: name: is empty'],
    ['a name of two lines', 'name: "a\\nb"\n', '1: name: must be one line without control characters'],
    [
      'a name of two lines, as Unicode has them',
      'name: "a\\Lb"\n',
      '1: name: must be one line without control characters',
    ],
    ['a name of two paragraphs', 'name: "a\\Pb"\n', '1: name: must be one line without control characters'],
    ...['\\u202e', '\\u202a', '\\u2066', '\\u2069'].map((mark): [string, string, string] => [
      `a name with ${mark}`,
      `name: "a${mark}b"\n`,
      `1: name: holds U+${mark.slice(2).toUpperCase()}, which turns round the text beside it`,
    ]),
    ['a name that nobody sees', 'name: "\\u200b"\n', '1: name: has no character that can be seen'],
    ['a name of fillers', 'name: "\\u3164 \\u00ad"\n', '1: name: has no character that can be seen'],
    [
      'a component whose name turns round the text beside it',
      monitorYaml().replace('name: transfers', 'name: "\\u202ea"'),
      /name: holds U\+202E, which turns round the text beside it$/,
    ],
    [
      'a component whose name nobody sees',
      monitorYaml().replace('name: transfers', 'name: "\\u2060"'),
      /name: has no character that can be seen$/,
    ],
    ['a name too long', `name: ${'x'.repeat(256)}\n`, '1: name: is longer than 255 characters'],
    [
      'a description too long',
      `name: x\ndescription: ${'x'.repeat(60_001)}\n`,
      '2: description: is longer than 60000 bytes of UTF-8',
    ],
    [
      'a description of fewer characters that takes as many bytes',
      `name: x\ndescription: ${'错'.repeat(20_001)}\n`,
      '2: description: is longer than 60000 bytes of UTF-8',
    ],
    [
      'a description with a character that not every database holds',
      'name: x\ndescription: "a\\0b"\n',
      '2: description: has the character U+0000, which PostgreSQL does not hold',
    ],
    ['id 0', 'id: 0\nname: x\n', '1: id: must be from 1 to 2147483647, not 0'],
    [
      'no timeout',
      'name: x\ntimeout_minutes: 0\n',
      '2: timeout_minutes: must be more than 0 and at most 5000000, not 0',
    ],
    [
      'a timeout under three heartbeats',
      'name: x\ntimeout_minutes: 1.4\n',
      /^p\.yaml:2: timeout_minutes: 1\.4 min is too short: .*three heartbeat intervals or more \(90 s\)$/,
    ],
    [
      'an unknown restart',
      'restart: sometimes\nname: x\n',
      '1: restart: must be always or on-failure or never, not "sometimes"',
    ],
    [
      'a wrong field of a schedule',
      'schedule: 0 24 * * *\nname: x\n',
      `1: schedule: "0 24 * * *" is no schedule: the hour can't be 24`,
    ],
    [
      'a schedule of too few fields',
      'schedule: 0 3 *\nname: x\n',
      /^p\.yaml:1: schedule: "0 3 \*" is no schedule: a cron expression has five fields/,
    ],
    [
      'an unknown time zone, naming the nearest',
      'schedule: 0 3 * * *\ntime_zone: Asia/Shangai\nname: x\n',
      '2: time_zone: there is no time zone "Asia/Shangai"; the nearest known one is Asia/Shanghai',
    ],
    [
      'an offset for a time zone',
      'schedule: 0 3 * * *\ntime_zone: "+08:00"\nname: x\n',
      /^p\.yaml:2: time_zone: there is no time zone "\+08:00"/,
    ],
    ['a time zone of no schedule', `time_zone: UTC\n${monitorYaml()}`, '1: time_zone: has no meaning without schedule'],
    [
      'a schedule of what never ends',
      `schedule: "@daily"\n${monitorYaml('mode: realtime')}`,
      '1: schedule: is for historical pipelines: this one is realtime',
    ],
    ['a mapping for a list', 'name: x\ncomponents: {a: 1}\n', '2: components: must be a list, not a mapping'],
    [
      'a component that is no mapping',
      'name: x\ncomponents: [a]\n',
      '2: components: each must be a mapping of keys to values, not "a"',
    ],
  ]);
});

describe('a value of another shape than is meant', () => {
  const withSink = (keys: string): string => `${monitorYaml()}  - {name: s, ${keys}}\n`;
  const factory = `factory: "${usdc}", event: Transfer, abi_path: builtin:erc20`;

  cases([
    [
      'a mapping for events',
      monitorYaml('events_to_monitor: {Transfer: 1}'),
      '7: events_to_monitor: must be a name or a list, not a mapping',
    ],
    [
      'a mapping for the events of a sink',
      withSink('type: table_sink, table: t, event_name: {a: 1}'),
      '7: event_name: must be a name or a list, not a mapping',
    ],
    [
      'a mapping for addresses',
      monitorYaml('address_filters: {a: 1}'),
      '7: address_filters: must be an address or a list, not a mapping',
    ],
    [
      'a mapping for servers',
      withSink('type: kafka_producer, topic: t, bootstrap_servers: {a: 1}'),
      '7: bootstrap_servers: must be host:port or a list, not a mapping',
    ],
  ]);

  it('is told once, and not as one that is missing as well', async () => {
    expect(await problemOf(withSink('type: rabbitmq_sink, url: "amqp://h", queue: []'))).to.equal(
      'p.yaml:7: queue: must be a text, not a list',
    );
    expect(await problemOf(monitorYaml(`contract_address: {${factory}, parameter: []}`))).to.equal(
      'p.yaml:7: parameter: must be a text, not a list',
    );
    expect(await problemOf(withSink('type: nats_sink, subject: t, servers: []'))).to.equal(
      'p.yaml:7: servers: must list at least 1',
    );
  });
});

describe('a YAML merge key', () => {
  const sinks = (second: string): string =>
    `${monitorYaml()}  - &w {name: h, type: table_sink, table: t}\n  - ${second}\n`;

  it('is told, and nothing that it would bring in', async () => {
    const problem = 'p.yaml:8: <<: YAML merge keys are not read';
    expect(await problemOf(sinks('{<<: *w, name: h2}'))).to.equal(problem);
    expect(await problemOf(sinks('{name: h2, type: table_sink, table: u, <<: *w}'))).to.equal(problem);
    const body = '{name: h2, type: webhook_sink, url: "https://h", body: {<<: *w}}';
    expect(await problemOf(sinks(body))).to.equal(problem);
  });

  it('is a key like all others where it is quoted', async () => {
    const text = sinks('{name: h2, type: webhook_sink, url: "https://h", body: {"<<": 1}}');
    const { components } = await parseDefinition(text, 'p.yaml', definitionOptions);
    expect(components.at(-1)?.config).to.deep.include({ body: { '<<': 1 } });
  });
});

describe('a text that is no well-formed Unicode', () => {
  const problem = 'must be well-formed Unicode: it has half of a character';
  const withName = (name: string): string => monitorYaml().replace('name: x', `name: "${name}"`);

  cases([
    ['in a name', withName('lone \\ud800'), `1: name: ${problem}`],
    ['in a name, in JSON', '{\n"name": "lone \\udc01",\n"components": []}', `2: name: ${problem}`],
    ['in a description', `description: "\\udfff"\n${monitorYaml()}`, `1: description: ${problem}`],
    ['in a list', monitorYaml('events_to_monitor:', '  - "\\ud83d"'), `8: events_to_monitor: ${problem}`],
    ['in a key', `"a\\ud800": 1\n${monitorYaml()}`, `1: ${problem}`],
  ]);

  it('is the only thing that is told of a name, and both halves of a character are none', async () => {
    expect(await problemOf(withName('lone \\ud800'))).to.equal(`p.yaml:1: name: ${problem}`);
    const { name } = await parseDefinition(withName('\\ud83d\\ude00'), 'p.yaml', definitionOptions);
    expect(name).to.equal('😀');
  });
});

describe('an empty list', () => {
  const factory = 'event: Transfer, parameter: from, abi_path: builtin:erc20';

  cases([
    [
      'of the addresses that an ABI is for',
      withAbi('contracts: [{address: [], abi_path: builtin:erc20}]'),
      '6: address: must list at least 1',
    ],
    ['of factories', monitorYaml(`contract_address: {factory: [], ${factory}}`), '7: factory: must list at least 1'],
    [
      'of servers',
      `${monitorYaml()}  - {name: s, type: nats_sink, servers: [], subject: t}\n`,
      '7: servers: must list at least 1',
    ],
  ]);

  it('means what leaving the key out means where any contract, or every event, is meant', async () => {
    const sink = (keys: string): string => `  - {name: s, type: table_sink, table: t${keys}}\n`;
    const [given, leftOut] = await Promise.all(
      [
        monitorYaml('contract_address: []', 'events_to_monitor: []') + sink(', event_name: []'),
        monitorYaml() + sink(''),
      ].map((text) => parseDefinition(text, 'p.yaml', definitionOptions)),
    );
    expect(given && printDefinition(given)).to.equal(leftOut && printDefinition(leftOut));
  });
});

describe('a definition of an unknown chain, event, ABI or component', () => {
  const twice = monitorYaml() + monitorYaml().split('\n').slice(2).join('\n');
  cases([
    [
      'a chain without an id, naming the nearest',
      withChain('etherum'),
      '5: chain_name: etherum is not a known chain and has no chain_id; the nearest known one is ethereum',
    ],
    [
      'a chain id that contradicts the name',
      withChain('ethereum', 'chain_id: 2'),
      '7: chain_id: 2 contradicts chain_name ethereum, whose id is 1',
    ],
    [
      'a chain id that contradicts chain-<id>',
      withChain('chain-77', 'chain_id: 78'),
      '7: chain_id: 78 contradicts chain_name chain-77, whose id is 77',
    ],
    ['a chain name that no variable can be named after', withChain('a b'), /^p\.yaml:5: chain_name: must be made of/],
    [
      'an unknown event, naming the nearest',
      monitorYaml('events_to_monitor: [Transfr]'),
      '7: events_to_monitor: "Transfr" is no event of the ABI; the nearest is Transfer',
    ],
    [
      'an unknown signature',
      monitorYaml("events_to_monitor: ['Transfer(address,address,uint8)']"),
      /is no event of the ABI; the nearest is Transfer\(address,address,uint256\)$/,
    ],
    [
      'an event that is no word',
      monitorYaml('events_to_monitor: [[a]]'),
      '7: events_to_monitor: must list names or signatures of events, not a list',
    ],
    [
      'an unknown built-in ABI',
      withAbi('abi_path: builtin:erc2'),
      '6: abi_path: there is no built-in ABI "erc2"; the nearest is builtin:erc20',
    ],
    ['an ABI id that is not stored', withAbi('abi_path: abi_id:7'), '6: abi_path: there is no stored ABI 7'],
    [
      'an ABI id that is no number',
      withAbi('abi_path: abi_id:x'),
      '6: abi_path: abi_id:x must end in the number of a stored ABI',
    ],
    ['an ABI file that is not there', withAbi('abi_path: none.json'), '6: abi_path: there is no file none.json'],
    ['no ABI', withAbi(''), '3: abi_path: is required'],
    ['two ABIs', monitorYaml('abi: []'), "7: abi: can't stand beside abi_path: give one of the two"],
    [
      'an ABI beside contracts',
      monitorYaml('contracts: [{address: "0x0"}]'),
      "6: abi_path: can't stand beside contracts: give one of the two",
    ],
    ['a contract without an address', withAbi('contracts: [{abi_path: builtin:erc20}]'), '6: address: is required'],
    ['an inline ABI that is none', withAbi('abi: [{type: event}]'), /^p\.yaml:6: abi: ABI entry 0/],
    [
      'an unknown component type',
      componentOf('type: event_monitr'),
      "3: type: unknown component type 'event_monitr'; the nearest known one is event_monitor",
    ],
    ['a second source', twice, '8: type: event_monitor is a source, which only the first component can be'],
  ]);

  it('is told to quote a signature that a list has cut', async () => {
    const text = monitorYaml('events_to_monitor: [Transfer(address,address,uint256)]');
    expect(await failure(parseDefinition(text, 'p.yaml', definitionOptions)))
      .to.have.property('hint')
      .that.contains('quotes');
  });
});
