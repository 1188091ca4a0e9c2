// A program of its own: an EVM node over HTTP and WebSockets that has a new block every so often, and tells its parent when.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import process from 'node:process';
import { defaultTraits } from '../test/support/chain-simulator.js';
import type { SimCall } from '../test/support/chain-simulator.js';
import { sealBlock } from '../test/support/simulated-chain.js';
import type { SimBlock } from '../test/support/simulated-chain.js';
import { answerCall, headerOf } from '../test/support/simulated-node.js';
import type { NodeTraits } from '../test/support/simulated-node.js';
import { SimulatedSockets } from '../test/support/simulated-sockets.js';

/** What the node tells its parent: where it listens, then each block with the time by the machine's monotonic clock, in ms. */
export type LatencyNews = { readonly url: string } | { readonly block: number; readonly at: number };

const [blockMs, logsPerBlock, phaseMs] = process.argv.slice(2).map(Number) as [number, number, number];

/** How many blocks there are when it starts. */
const history = 200;

const traits: NodeTraits = { ...defaultTraits, logTimestamps: 'real', receipts: 'all' };

const blocks: SimBlock[] = [];
for (let number = 0; number < history; number++) blocks.push(nextBlock());
let coming = nextBlock();

function nextBlock(): SimBlock {
  const parent = blocks.at(-1);
  const timestamp = 1_700_000_000 + Math.floor(((parent?.number ?? -1) + 1) * (blockMs / 1_000));
  const events = Array.from({ length: logsPerBlock }, () => ({}));
  return sealBlock(parent, 'latency', events, timestamp);
}

function answer(body: SimCall | SimCall[]): string {
  return JSON.stringify(Array.isArray(body) ? body.map(answerOne) : answerOne(body));
}

function answerOne(call: SimCall): unknown {
  return { jsonrpc: '2.0', id: call.id, result: answerCall(call, blocks, blocks.length - 1, 31_337, traits) };
}

const server = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8').on('data', (part: string) => (body += part));
  request.on('end', () => {
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(answer(JSON.parse(body) as SimCall | SimCall[]));
  });
});
const sockets = new SimulatedSockets(server, (body) => Promise.resolve(answer(body)));

function tell(news: LatencyNews): void {
  process.send?.(news);
}

function appear(): void {
  const block = coming;
  const at = Number(process.hrtime.bigint()) / 1e6;
  blocks.push(block);
  sockets.tell(headerOf(block));
  tell({ block: block.number, at });
  // What the next block costs to make is no part of this one's way: it is made while nobody asks.
  setTimeout(() => (coming = nextBlock()), blockMs / 2);
  appearLater();
}

/** Blocks of several nodes do not appear together: each has its own phase, by the wall clock. */
function appearLater(): void {
  setTimeout(appear, blockMs - ((Date.now() - phaseMs) % blockMs));
}

process.on('disconnect', () => process.exit());
server.listen(0, '127.0.0.1', () => {
  tell({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  appearLater();
});
