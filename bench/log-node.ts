// A program of its own: an EVM node whose every block holds a thousand transfers, built beforehand, as fast as text can be.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import process from 'node:process';
import { simContract, toHex, transferTopic } from '../test/support/simulated-chain.js';

const [blocks, logsPerBlock] = process.argv.slice(2).map(Number) as [number, number];

/** The most blocks of an answer: some 25 MB. */
const maxRange = 50;

const pad = (value: number): string => `0x${value.toString(16).padStart(64, '0')}`;

/** The logs of a block whose number and hash are yet to be put in. */
const template = Array.from({ length: logsPerBlock }, (_, index) =>
  JSON.stringify({
    address: simContract,
    topics: [transferTopic, pad(0xa000 + (index % 97)), pad(0xb000 + (index % 89))],
    data: pad(1_000_000 + index),
    blockNumber: '@number',
    blockHash: '@hash',
    transactionHash: pad(0x1234 + Math.floor(index / 2)),
    transactionIndex: toHex(Math.floor(index / 2)),
    logIndex: toHex(index),
    removed: false,
  }),
).join(',');

const hashOf = (number: number): string => pad(0xb10c0000 + number);

function header(number: number): string {
  const block = { number: toHex(number), hash: hashOf(number), parentHash: hashOf(number - 1) };
  const rest = { timestamp: toHex(1_700_000_000 + number * 12), logsBloom: `0x${'ff'.repeat(256)}`, transactions: [] };
  return JSON.stringify({ ...block, ...rest });
}

interface Call {
  readonly id: number;
  readonly method: string;
  readonly params: readonly unknown[];
}

function logs({ fromBlock, toBlock }: { fromBlock: string; toBlock: string }): string | null {
  const [from, to] = [Number(fromBlock), Number(toBlock)];
  if (to - from >= maxRange) return null;
  const range = Array.from({ length: to - from + 1 }, (_, index) => from + index).filter((number) => number > 0);
  return `[${range.map((number) => template.replaceAll('@number', toHex(number)).replaceAll('@hash', hashOf(number))).join(',')}]`;
}

function result({ method, params }: Call): string | null {
  if (method === 'eth_chainId') return '"0x7a69"';
  if (method === 'eth_blockNumber') return `"${toHex(blocks)}"`;
  if (method === 'eth_getLogs') return logs(params[0] as { fromBlock: string; toBlock: string });
  const tag = params[0] as string;
  return header(tag.startsWith('0x') ? Number(tag) : blocks);
}

function answer(call: Call): string {
  const text = result(call);
  const refusal = `"error":{"code":-32005,"message":"query returned more than 10000 results"}`;
  return `{"jsonrpc":"2.0","id":${call.id},${text === null ? refusal : `"result":${text}`}}`;
}

const server = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8').on('data', (part: string) => (body += part));
  request.on('end', () => {
    const calls = JSON.parse(body) as Call | Call[];
    response.setHeader('content-type', 'application/json');
    response.end(Array.isArray(calls) ? `[${calls.map(answer).join(',')}]` : answer(calls));
  });
});
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
