// A program of its own: what ingesting costs at least. A prebuilt answer over keep-alive HTTP -> JSON.parse -> decoding by
// hand -> multi-row inserts, with nothing checked, kept in order or able to go on after a fault.
import { Agent, request } from 'node:http';
import process from 'node:process';
import { toChecksumAddress } from '../src/chain/abi/checksum.js';
import { openFloorWriter } from './floor-writer.js';
import type { FloorRow } from './floor-writer.js';

const [databaseUrl, rpcUrl, firstText, lastText, stepText] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
];
const [first, last, step] = [Number(firstText), Number(lastText), Number(stepText)];

interface Log {
  readonly address: string;
  readonly topics: readonly [string, string, string];
  readonly data: string;
  readonly blockNumber: string;
  readonly blockHash: string;
  readonly blockTimestamp: string;
  readonly transactionHash: string;
  readonly transactionIndex: string;
  readonly logIndex: string;
}

const agent = new Agent({ keepAlive: true });

async function post(body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(rpcUrl, { method: 'POST', agent, headers: { 'content-type': 'application/json' } });
    sent.on('error', reject).on('response', (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => resolve(Buffer.concat(parts).toString('latin1')));
    });
    sent.end(body);
  });
}

async function fetchLogs(from: number): Promise<string> {
  const range = {
    fromBlock: `0x${from.toString(16)}`,
    toBlock: `0x${Math.min(last, from + step - 1).toString(16)}`,
  };
  return post(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_getLogs', params: [range] }));
}

const checksums = new Map<string, string>();

function addressIn(topic: string): string {
  let address = checksums.get(topic);
  if (address === undefined) checksums.set(topic, (address = toChecksumAddress(`0x${topic.slice(26)}`)));
  return address;
}

function decode(log: Log): FloorRow {
  const [, from, to] = log.topics;
  const args = `{"from":"${addressIn(from)}","to":"${addressIn(to)}","value":"${BigInt(log.data)}"}`;
  return [
    45,
    Number(log.blockNumber),
    Number(log.logIndex),
    log.transactionHash,
    31_337,
    log.blockHash,
    Number(log.blockTimestamp),
    Number(log.transactionIndex),
    log.address,
    'Transfer',
    'Transfer(address,address,uint256)',
    args,
  ];
}

const writer = await openFloorWriter(databaseUrl);
const startedAt = performance.now();
let events = 0;
let answer = fetchLogs(first);
for (let from = first; from <= last; from += step) {
  const text = await answer;
  if (from + step <= last) answer = fetchLogs(from + step);
  const rows = (JSON.parse(text) as { readonly result: readonly Log[] }).result.map(decode);
  events += rows.length;
  await writer.insert(rows);
}
await writer.finish();
console.log(JSON.stringify({ events, seconds: (performance.now() - startedAt) / 1_000 }));
process.exit();
