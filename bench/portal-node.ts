// A program of its own: SQD Portal as its documents describe it, whose blocks hold so many transfers each, packed beforehand.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import process from 'node:process';
import { gzipSync } from 'node:zlib';
import { hashOf, timeOf, transferAt } from './made-chain.js';

const [blocks, logsPerBlock] = process.argv.slice(2).map(Number) as [number, number];

function lineOf(number: number): Buffer {
  const header = { number, hash: hashOf(number), parentHash: hashOf(number - 1), timestamp: timeOf(number) };
  const logs = Array.from({ length: number === 0 ? 0 : logsPerBlock }, (_log, index) => {
    const { address, topics, data, transactionHash } = transferAt(number, index);
    return { logIndex: index, transactionIndex: Math.floor(index / 2), transactionHash, address, data, topics };
  });
  return Buffer.from(`${JSON.stringify({ header, logs })}\n`);
}

/** Each block is a member of its own, which may follow each other (RFC 1952, 2.2). */
const members = Array.from({ length: blocks + 1 }, (_block, number) => gzipSync(lineOf(number), { level: 1 }));

const server = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8').on('data', (part: string) => (body += part));
  request.on('end', () => {
    response.setHeader('x-sqd-finalized-head-number', blocks);
    if (request.method === 'GET') {
      response.end(JSON.stringify({ number: blocks, hash: hashOf(blocks) }));
      return;
    }
    const { fromBlock, toBlock } = JSON.parse(body) as { readonly fromBlock: number; readonly toBlock: number };
    const found = members.slice(fromBlock, toBlock + 1);
    if (found.length === 0) response.writeHead(204).end();
    else response.writeHead(200, { 'content-encoding': 'gzip' }).end(Buffer.concat(found));
  });
});
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
