import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { expect } from 'chai';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { eventMonitor } from '../../../src/components/event-monitor/kind.js';
import type { EventFields } from '../../../src/components/seam/component.js';
import { sinksOf } from '../../../src/components/sinks-of.js';
import type { Database } from '../../../src/database/database.js';
import { eventToJson } from '../../../src/model/event-json.js';
import { MessageData } from '../../../src/model/event-message.js';
import type { EventMessage, JsonValue } from '../../../src/model/event-message.js';
import { parseDefinition } from '../../../src/pipeline/definition/read-definition.js';
import { definitionOptions, monitorYaml } from '../../pipeline/definition/definition-texts.js';
import { openMigrated } from '../../support/migrated-database.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { batchOf, claim, contextOf, holdPipeline, openSink } from './opened-sink.js';

const origin = { pipelineId: 45, chainName: () => 'ethereum' };
const mostValue = 2n ** 256n - 1n;
const odd = 'a "quoted", text,\r\nof two lines {"args":{}}';

function transfer(logIndex: number, args: Readonly<Record<string, JsonValue>>): EventMessage {
  const place = {
    ...{ chainId: 1, blockNumber: 18_000_000 + logIndex, blockHash: `0x${'b'.repeat(64)}`, timestamp: 1_693_066_895 },
    ...{ transactionHash: `0x${'c'.repeat(64)}`, transactionIndex: 1, logIndex },
    contractAddress: '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48',
  };
  const event = { eventName: 'Transfer', eventSignature: 'Transfer(address,address,uint256)' };
  const stored = { ...place, ...event, argsJson: JSON.stringify(args) };
  // Some sources of messages know no more than the text.
  const data = logIndex === 1 ? MessageData.ofText(eventToJson(stored, origin)) : MessageData.ofEvent(stored, origin);
  return { id: `1:0x:0x:${logIndex}`, op: 'insert', seq: 1, rank: logIndex + 1, place, ...event, data };
}

/** Makes events like another one, with other signatures and fields. */
const eventsLike =
  (event: EventFields) =>
  (eventSignature: string, ...names: readonly string[]): EventFields => ({
    ...event,
    eventSignature,
    fields: names.map((name) => ({ name, type: 'uint32' })),
  });

const messages = [
  transfer(0, { from: '0x01', to: '0x02', value: String(mostValue), '0': 'x', note: odd }),
  transfer(1, { from: '0x01', to: '0x03', value: '0' }),
];

describe('the files of a file sink', () => {
  let database: Database;
  const dataFolder = temporaryFolder();
  before(async () => {
    database = await openMigrated(`sqlite:${join(dataFolder, 'test.db')}`);
    await holdPipeline(database);
  });
  after(() => database.close());

  async function write(keys: Readonly<Record<string, unknown>>, events: readonly EventFields[], sent = messages) {
    const sink = await openSink(keys, { database, dataFolder, events });
    await sink.claim?.(claim, contextOf());
    await sink.deliver(batchOf(sent, 'p1'), contextOf());
    await sink.settle?.({ block: 18_099_999, cursor: { ...claim, place: 'p2' }, ends: true }, contextOf());
    await sink.close();
    const folder = join(dataFolder, String(keys['path']));
    const names = readdirSync(folder);
    expect(names).to.deep.equal([`18000000-18099999.${String(keys['format'])}`, '_chainparse.json']);
    return join(folder, names[0] ?? '');
  }

  const erc20 = async () => {
    const { components } = await parseDefinition(monitorYaml('events_to_monitor: [Transfer]'), 'p', definitionOptions);
    return eventMonitor.fields(components[0]?.config as never);
  };

  async function duckdb(sql: string): Promise<Record<string, unknown>[]> {
    const connection = await (await DuckDBInstance.create()).connect();
    return (await connection.runAndReadAll(sql)).getRowObjects();
  }

  it('hold in JSON lines what a message says', async () => {
    const path = await write({ path: 'jsonl', format: 'jsonl' }, await erc20());
    expect(readFileSync(path, 'utf8')).to.equal(messages.map(({ data }) => `${data.text}\n`).join(''));
  });

  it('hold in CSV the columns of an export', async () => {
    const path = await write({ path: 'csv', format: 'csv' }, await erc20());
    const [header, first] = readFileSync(path, 'utf8').split('\r\n');
    expect(header).to.equal(
      'pipeline_id,chain,chain_id,block_number,block_hash,block_time,timestamp,transaction_hash,transaction_index,log_index,contract_address,event_name,event_signature,args',
    );
    expect(first).to.match(/^45,ethereum,1,18000000,0xb+,2023-08-26T16:21:35Z,1693066895,/);
    const rows = await duckdb(`SELECT args ->> '$.note' AS note FROM read_csv('${path}', max_line_size = 1000000)`);
    expect(rows[0]).to.deep.equal({ note: odd });
  });

  it('hold in Parquet the columns of an export, which DuckDB and hyparquet read exactly', async () => {
    const path = await write({ path: 'parquet', format: 'parquet' }, await erc20());
    const [row] = await duckdb(`SELECT *, args ->> '$.value' AS value FROM '${path}' ORDER BY log_index`);
    expect(row).to.include({ pipeline_id: 45n, block_number: 18_000_000n, log_index: 0, value: String(mostValue) });
    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(path) });
    expect(rows.map((each) => String(each['args']))).to.deep.equal(
      messages.map(({ data }) => /"args":(.*)\}$/s.exec(data.text)?.[1]),
    );
    expect(rows[0]?.['block_time']).to.deep.equal(new Date('2023-08-26T16:21:35Z'));
  });

  it('have a column for each argument where that is wanted, exact whatever its size', async () => {
    const events = await erc20();
    const more = {
      ...events[0]!,
      eventSignature: 'x',
      fields: [
        { name: 'args.small', type: 'int64' },
        { name: 'args.flag', type: 'bool' },
        { name: 'args.timestamp', type: 'uint32' },
        { name: 'args.value', type: 'int24' },
        { name: 'decimals', type: 'uint8' },
      ],
    };
    const args = { small: String(-(2n ** 63n)), flag: true, timestamp: '7', value: '-5', nested: { a: [1] } };
    const other = transfer(2, args);
    const sent = [
      ...messages,
      { ...other, data: MessageData.ofFields(new Map([...other.data.fields, ['decimals', 6]])) },
    ];
    const path = await write({ path: 'columns', format: 'parquet', arguments: 'columns' }, [...events, more], sent);
    const rows = await duckdb(`SELECT "from", value, small, flag, timestamp, timestamp_arg, decimals FROM '${path}'`);
    const none = { small: null, flag: null, timestamp_arg: null, decimals: null };
    expect(rows).to.deep.equal([
      { from: '0x01', value: String(mostValue), timestamp: 1_693_066_895n, ...none },
      { from: '0x01', value: '0', timestamp: 1_693_066_895n, ...none },
      {
        from: null,
        value: '-5',
        small: -(2n ** 63n),
        flag: true,
        timestamp: 1_693_066_895n,
        timestamp_arg: 7n,
        decimals: 6n,
      },
    ]);
  });

  it('have a column for each of arguments whose names come to one', async () => {
    const eventOf = eventsLike((await erc20())[0]!);
    const events = [
      eventOf('A', 'args.block_number', 'args.block_number_arg', 'args.x'),
      eventOf('B', 'args.block_number_arg', 'args.block_number'),
      { eventName: 'C', eventSignature: 'C', mapped: true, fields: [{ name: 'x', type: 'uint32' }] },
    ];
    const sent = [
      transfer(0, { block_number: '11', block_number_arg: '22', x: '33' }),
      transfer(2, { block_number: '44', block_number_arg: '55' }),
      { ...transfer(3, {}), data: MessageData.ofFields(new Map([['x', 66]])) },
    ];
    const path = await write({ path: 'alike', format: 'csv', arguments: 'columns' }, events, sent);
    const rows = readFileSync(path, 'utf8').trim().split('\r\n');
    expect(rows.map((row) => row.split(',').slice(-3))).to.deep.equal([
      ['block_number_arg', 'block_number_arg_arg', 'x'],
      ['11', '22', '33'],
      ['44', '55', ''],
      ['', '', '66'],
    ]);
  });

  it('have names that differ by more than their case, which readers take for one', async () => {
    const eventOf = eventsLike((await erc20())[0]!);
    const events = [
      eventOf('A', 'args.From', 'args.from', 'args.Block_Number', 'args.Result', 'args.Result_arg'),
      eventOf('B', 'args.from', 'args.From', 'result'),
    ];
    const a = transfer(0, { From: '1', from: '2', Block_Number: '3', Result: '4', Result_arg: '5' });
    const args = { from: '6', From: '7' };
    const b = {
      ...transfer(1, {}),
      data: MessageData.ofFields(new Map<string, JsonValue>([...Object.entries({ args, result: 8 })])),
    };
    const path = await write({ path: 'cases', format: 'parquet', arguments: 'columns' }, events, [a, b]);
    const names = ['From', 'from_arg', 'Block_Number_arg', 'Result_2', 'Result_arg', 'result'];
    const described = (await duckdb(`DESCRIBE SELECT * FROM '${path}'`)).map((row) => row['column_name']);
    expect(described.slice(-6)).to.deep.equal(names);
    const rows = await duckdb(
      `SELECT concat_ws(' ', ${names.map((name) => `"${name}"`).join(', ')}) AS row FROM '${path}'`,
    );
    expect(rows.map(({ row }) => row)).to.deep.equal(['1 2 3 4 5', '7 6 8']);
  });

  it('have a column for each name that contracts give the arguments of one event', async () => {
    const abi = (...names: readonly string[]) => [
      {
        ...{ type: 'event', name: 'Transfer' },
        inputs: names.map((name, i) => ({ name, type: i < 2 ? 'address' : 'uint256' })),
      },
    ];
    const contracts = [abi('src', 'dst', 'wad'), abi('from', 'to', 'value'), abi('from', 'wad', 'tokenId')];
    const config = { contracts: contracts.map((each) => ({ addresses: null, abi: each })), eventsToMonitor: null };
    const sent = [
      transfer(0, { src: '0x01', dst: '0x02', wad: String(mostValue) }),
      transfer(1, { from: '0x03', to: '0x04', value: '5' }),
      transfer(2, { from: '0x05', wad: '0x06', tokenId: '7' }),
    ];
    const keys = { path: 'names', format: 'parquet', arguments: 'columns' };
    const path = await write(keys, eventMonitor.fields(config as never), sent);
    const rows = await duckdb(`SELECT src, dst, wad, "from", "to", value, tokenId FROM '${path}'`);
    expect(rows.map((row) => Object.values(row))).to.deep.equal([
      ['0x01', '0x02', String(mostValue), null, null, null, null],
      [null, null, null, '0x03', '0x04', '5', null],
      [null, null, '0x06', '0x05', null, null, '7'],
    ]);
  });

  it('have columns of their own for an argument and for what a stage adds under its name, to another event, too', async () => {
    const eventOf = eventsLike((await erc20())[0]!);
    const events = [eventOf('A', 'args.result'), eventOf('B', 'args.result', 'result')];
    const added = (args: JsonValue): EventMessage => ({
      ...transfer(2, {}),
      data: MessageData.ofFields(new Map<string, JsonValue>([...Object.entries({ args, result: 44 })])),
    });
    const sent = [transfer(0, { result: '11' }), added({ result: '33' })];
    const path = await write({ path: 'added', format: 'csv', arguments: 'columns' }, events, sent);
    const rows = readFileSync(path, 'utf8').trim().split('\r\n');
    expect(rows.map((row) => row.split(',').slice(-2))).to.deep.equal([
      ['result_arg', 'result'],
      ['11', ''],
      ['33', '44'],
    ]);
  });

  it('are empty where an event lacks an argument, whatever its name', async () => {
    const names = ['toString', 'constructor', '__proto__'];
    const fields = names.map((name) => ({ name: `args.${name}`, type: 'string' }));
    const events = [...(await erc20()), { ...(await erc20())[0]!, eventSignature: 'x', fields }];
    const args = JSON.parse('{"toString":"a","constructor":"b","__proto__":"c"}') as Record<string, JsonValue>;
    const sent = [messages[0]!, transfer(2, args)];
    const path = await write({ path: 'lacking', format: 'csv', arguments: 'columns' }, events, sent);
    const rows = readFileSync(path, 'utf8').trim().split('\r\n');
    expect(rows.map((row) => row.split(',').slice(-3))).to.deep.equal([names, ['', '', ''], ['a', 'b', 'c']]);
  });

  it('hold below a mapper what that makes, and nothing else', async () => {
    const fields = [
      { name: 'amount', type: 'text' },
      { name: 'a.b', type: 'uint32' },
    ];
    const events = [{ eventName: 'Transfer', eventSignature: 'T', mapped: true, fields }];
    const mapped = (values: [string, JsonValue][]) => MessageData.ofFields(new Map(values));
    const sent = [
      {
        ...transfer(0, {}),
        data: mapped([
          ['amount', 10n ** 40n],
          ['a.b', '5'],
        ]),
      },
      {
        ...transfer(1, {}),
        data: mapped([
          ['amount', { x: [1n] }],
          ['a.b', 'not a number'],
          ['other', 1],
        ]),
      },
      { ...transfer(2, {}), data: mapped([]) },
    ];
    const path = await write({ path: 'mapped', format: 'parquet' }, events, sent);
    expect(await duckdb(`SELECT * FROM '${path}'`)).to.deep.equal([
      { amount: '1' + '0'.repeat(40), 'a.b': 5n },
      { amount: '{"x":[1]}', 'a.b': null },
      { amount: null, 'a.b': null },
    ]);
  });

  it('have a line of CSV that readers take for a row where the only column is empty', async () => {
    const fields = [{ name: 'note', type: 'text' }];
    const events = [{ eventName: 'Transfer', eventSignature: 'T', mapped: true, fields }];
    const notes: readonly [string, JsonValue][][] = [[['note', 'a']], [['note', '']], [], [['note', 'b']]];
    const sent = notes.map((note, index) => ({ ...transfer(index, {}), data: MessageData.ofFields(new Map(note)) }));
    const path = await write({ path: 'narrow', format: 'csv' }, events, sent);
    expect(readFileSync(path, 'utf8')).to.equal('note\r\na\r\n""\r\n""\r\nb\r\n');
    expect(await duckdb(`SELECT count(*) AS rows FROM read_csv('${path}', header = true)`)).to.deep.equal([
      { rows: 4n },
    ]);
  });

  it('are open to a definition by its kind', async () => {
    const yaml = monitorYaml() + '  - {name: lake, type: file_sink, path: kind}\n';
    const { components } = await parseDefinition(yaml, 'p.yaml', definitionOptions);
    const [sink] = sinksOf(components);
    expect(sink?.events.map(({ eventName }) => eventName)).to.include('Transfer');
  });
});
