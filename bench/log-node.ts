// A program of its own: an EVM node whose blocks hold so many transfers each, built beforehand, as fast as text can be.
// Behind these two numbers `without-times`: logs do not tell the times of their blocks.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import process from 'node:process';
import { LogChain } from './log-chain.js';

const [blocks, logsPerBlock] = process.argv.slice(2).map(Number) as [number, number];

/** The most logs of an answer: some 30 MB. */
const maxLogs = 50_000;

const chain = new LogChain({
  blocks,
  logsPerBlock,
  times: process.argv[4] !== 'without-times',
  refuse: (count) =>
    count * logsPerBlock > maxLogs ? { code: -32005, message: 'query returned more than 10000 results' } : null,
});

const server = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8').on('data', (part: string) => (body += part));
  request.on('end', () => {
    const text = chain.answer(body);
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': text.length }).end(text);
  });
});
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
