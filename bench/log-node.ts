// A program of its own: an EVM node whose blocks hold so many transfers each, built beforehand, as fast as text can be.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import process from 'node:process';
import { simContract, toHex } from '../test/support/simulated-chain.js';
import { hashOf, timeOf, transferAt } from './made-chain.js';

const [blocks, logsPerBlock] = process.argv.slice(2).map(Number) as [number, number];

/** The most logs of an answer: some 30 MB. */
const maxLogs = 50_000;

/** Of one width whatever the value, so that a block's bytes are made of another's. */
const wide = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`;

/** What differs from block to block; the last six digits of a transaction's hash are its own. */
function valuesOf(number: number): readonly (readonly [string, string])[] {
  const hash = hashOf(number);
  return [
    ['blockNumber', wide(number)],
    ['blockHash', hash],
    ['blockTimestamp', wide(timeOf(number))],
    ['transactionHash', `0x${hash.slice(8)}`],
  ];
}

const template = Buffer.from(
  Array.from({ length: logsPerBlock }, (_, index) =>
    JSON.stringify({
      ...transferAt(0, index),
      ...Object.fromEntries(valuesOf(0)),
      transactionHash: transferAt(0, index).transactionHash,
      transactionIndex: toHex(Math.floor(index / 2)),
      logIndex: toHex(index),
      removed: false,
    }),
  ).join(','),
);

/** Where in the template the values stand, in the order of `valuesOf`. */
const places = valuesOf(0).map(([name, value]) => findAll(`"${name}":"${value}`, name.length + 4));

function findAll(text: string, offset: number): readonly number[] {
  const found: number[] = [];
  for (let at = template.indexOf(text); at >= 0; at = template.indexOf(text, at + 1)) found.push(at + offset);
  return found;
}

function blockLogs(number: number): Buffer {
  const block = Buffer.from(template);
  for (const [index, [, value]] of valuesOf(number).entries()) {
    const bytes = Buffer.from(value);
    for (const at of places[index] ?? []) block.set(bytes, at);
  }
  return block;
}

function header(number: number): string {
  const block = { number: toHex(number), hash: hashOf(number), parentHash: hashOf(number - 1) };
  const rest = { timestamp: toHex(timeOf(number)), logsBloom: `0x${'ff'.repeat(256)}`, transactions: [] };
  // ethers wants a whole header.
  const unused = {
    difficulty: '0x0',
    gasLimit: '0x0',
    gasUsed: '0x0',
    miner: simContract,
    extraData: '0x',
    nonce: `0x${'0'.repeat(16)}`,
  };
  return JSON.stringify({ ...block, ...rest, ...unused });
}

interface Call {
  readonly id: number;
  readonly method: string;
  readonly params: readonly unknown[];
}

/** The pieces of an array of logs; null where they are too many. */
function logs({ fromBlock, toBlock }: { fromBlock: string; toBlock: string }): Buffer[] | null {
  const [from, to] = [Math.max(1, Number(fromBlock)), Number(toBlock)];
  if ((to - from + 1) * logsPerBlock > maxLogs) return null;
  const blocks = Array.from({ length: to - from + 1 }, (_, index) => blockLogs(from + index));
  return [Buffer.from('['), ...separated(blocks), Buffer.from(']')];
}

const comma = Buffer.from(',');

function separated(pieces: readonly Buffer[]): Buffer[] {
  return pieces.flatMap((piece, index) => (index === 0 ? [piece] : [comma, piece]));
}

function result({ method, params }: Call): Buffer[] | null {
  if (method === 'eth_chainId') return [Buffer.from('"0x7a69"')];
  if (method === 'eth_blockNumber') return [Buffer.from(`"${toHex(blocks)}"`)];
  if (method === 'eth_getLogs') return logs(params[0] as { fromBlock: string; toBlock: string });
  const tag = params[0] as string;
  return [Buffer.from(header(tag.startsWith('0x') ? Number(tag) : blocks))];
}

function answer(call: Call): Buffer {
  const found = result(call);
  const head = `{"jsonrpc":"2.0","id":${call.id},`;
  const refusal = `"error":{"code":-32005,"message":"query returned more than 10000 results"}}`;
  if (found === null) return Buffer.from(head + refusal);
  return Buffer.concat([Buffer.from(`${head}"result":`), ...found, Buffer.from('}')]);
}

function answerAll(calls: Call | Call[]): Buffer {
  if (!Array.isArray(calls)) return answer(calls);
  return Buffer.concat([Buffer.from('['), ...separated(calls.map(answer)), Buffer.from(']')]);
}

const server = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8').on('data', (part: string) => (body += part));
  request.on('end', () => {
    const text = answerAll(JSON.parse(body) as Call | Call[]);
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': text.length }).end(text);
  });
});
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
