// A program of its own: a LogChain behind a line with a latency, and what endpoints do to those who ask for much.
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import process from 'node:process';
import { seededRandom } from '../test/support/seeded-random.js';
import { RateCounter } from '../test/support/rate-counter.js';
import { LogChain } from './log-chain.js';

/** How the node is. Rates and numbers are of requests over HTTP; 0: without a limit. */
export interface FarNodeTraits {
  readonly blocks: number;
  readonly logsPerBlock: number;
  readonly latencyMs: number;
  /** The most blocks of a request for logs. */
  readonly maxBlocks: number;
  readonly perSecond: number;
  readonly inFlight: number;
  /** Whether refusals for the number of requests say what is allowed. */
  readonly isStated: boolean;
  /** Whether the headers of all answers say so: then whole seconds are counted. */
  readonly isInHeaders: boolean;
  /** The share of requests that fail in one way or another. */
  readonly faults: number;
}

/** What it was asked, since it was asked for this last. Times are in milliseconds, from the first answer to the last. */
export interface FarNodeFigures {
  readonly answered: number;
  readonly refused: number;
  readonly failed: number;
  readonly mostInFlight: number;
  readonly spanMs: number;
}

const traits = JSON.parse(process.argv[2] ?? '{}') as FarNodeTraits;
const random = seededRandom(7);
const chain = new LogChain({
  blocks: traits.blocks,
  logsPerBlock: traits.logsPerBlock,
  times: false,
  refuse: (count) =>
    count > traits.maxBlocks
      ? { code: -32000, message: `block range exceeds the limit of ${traits.maxBlocks} blocks` }
      : null,
});

/** Ways to fail, which are drawn in turn: each is common. */
const faults: readonly ((response: ServerResponse, answer: Buffer) => void)[] = [
  (response) => response.writeHead(429).end(),
  (response) => response.writeHead(503).end('upstream connect error'),
  (response) => response.writeHead(502, { 'content-type': 'text/html' }).end('<html>Bad Gateway</html>'),
  (response) => sendError(response, { code: -32603, message: 'internal error' }),
  (response) => sendError(response, { code: -32000, message: 'header not found' }),
  (response) => response.destroy(),
  (response, answer) => {
    response.writeHead(200, { 'content-length': answer.length }).write(answer.subarray(0, answer.length / 2));
    setTimeout(() => response.destroy(), 10);
  },
  (response, answer) => setTimeout(() => send(response, answer), 5 * traits.latencyMs),
];

let counts = { answered: 0, refused: 0, failed: 0, mostInFlight: 0 };
let [firstAt, lastAt] = [0, 0];
let inFlight = 0;
const rate = traits.isInHeaders
  ? new RateCounter({ limit: traits.perSecond, windowMs: 1_000, style: 'structured' })
  : null;
let [left, refilledAt] = [traits.perSecond, performance.now()];

function sendError(response: ServerResponse, error: object): void {
  send(response, Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: null, error })));
}

function send(response: ServerResponse, text: Buffer): void {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': text.length }).end(text);
}

/** A bucket that holds what a second gives. */
function isOverRate(): boolean {
  if (traits.perSecond === 0) return false;
  const now = performance.now();
  left = Math.min(traits.perSecond, left + ((now - refilledAt) * traits.perSecond) / 1_000);
  refilledAt = now;
  if (left < 1) return true;
  left--;
  return false;
}

function refuse(response: ServerResponse, words: string): void {
  counts.refused++;
  const message = traits.isStated ? words : 'too many requests';
  response.writeHead(429, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: 429, message } }));
}

function reply(response: ServerResponse, body: string): void {
  if (random() < traits.faults) {
    const fault = faults[counts.failed++ % faults.length];
    fault?.(response, chain.answer(body));
    return;
  }
  counts.answered++;
  lastAt = performance.now();
  if (firstAt === 0) firstAt = lastAt;
  send(response, chain.answer(body));
}

/** A request counts from its arrival to its answer. */
function receive(response: ServerResponse, body: string): void {
  const now = performance.now();
  const isOver = rate === null ? isOverRate() : !rate.take(now);
  for (const [name, value] of Object.entries(rate?.headers(now, Date.now()) ?? {})) response.setHeader(name, value);
  const isCrowded = traits.inFlight > 0 && inFlight >= traits.inFlight;
  inFlight++;
  counts.mostInFlight = Math.max(counts.mostInFlight, inFlight);
  setTimeout(() => {
    inFlight--;
    if (isOver) refuse(response, `${traits.perSecond} requests per second are allowed`);
    else if (isCrowded) refuse(response, 'too many concurrent requests');
    else reply(response, body);
  }, traits.latencyMs);
}

function tellFigures(response: ServerResponse): void {
  send(response, Buffer.from(JSON.stringify({ ...counts, spanMs: lastAt - firstAt })));
  counts = { answered: 0, refused: 0, failed: 0, mostInFlight: 0 };
  [firstAt, lastAt] = [0, 0];
}

const server = createServer((request, response) => {
  if (request.method === 'GET') {
    tellFigures(response);
    return;
  }
  let body = '';
  request.setEncoding('utf8').on('data', (part: string) => (body += part));
  request.on('end', () => receive(response, body));
});
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
