// A program of its own: a PeerChain behind a line with a latency.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import process from 'node:process';
import { PeerChain } from './peer-chain.js';
import type { PeerChainTraits } from './peer-chain.js';

/** How the node is. */
export interface PeerNodeTraits extends PeerChainTraits {
  readonly latencyMs: number;
}

/** What it was asked. */
export interface PeerNodeFigures {
  /** When logs were first asked for, in ms since 1970; 0: not yet. */
  readonly firstLogsAt: number;
  /** Requests over HTTP, each with one call or several. */
  readonly requests: number;
  readonly mostInFlight: number;
  /** Calls by method. */
  readonly calls: Readonly<Record<string, number>>;
}

const traits = JSON.parse(process.argv[2] ?? '{}') as PeerNodeTraits;
const chain = new PeerChain(traits);
const calls: Record<string, number> = {};
let [firstLogsAt, requests, inFlight, mostInFlight] = [0, 0, 0, 0];

type Call = Parameters<typeof chain.answer>[0];

function answerOne(call: Call): Buffer {
  if (call.method === 'eth_getLogs' && firstLogsAt === 0) firstLogsAt = Date.now();
  calls[call.method] = (calls[call.method] ?? 0) + 1;
  return chain.answer(call);
}

function answer(body: string): Buffer {
  const call = JSON.parse(body) as Call | Call[];
  if (!Array.isArray(call)) return answerOne(call);
  const answers = call.flatMap((one, index) => [Buffer.from(index === 0 ? '[' : ','), answerOne(one)]);
  return Buffer.concat([...answers, Buffer.from(']')]);
}

const server = createServer((request, response) => {
  let body = '';
  const send = (text: Buffer): void => {
    inFlight--;
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': text.length }).end(text);
  };
  request.setEncoding('utf8').on('data', (part: string) => (body += part));
  request.on('end', () => {
    inFlight++;
    if (request.method === 'GET') {
      send(Buffer.from(JSON.stringify({ firstLogsAt, requests, mostInFlight, calls } satisfies PeerNodeFigures)));
      return;
    }
    requests++;
    mostInFlight = Math.max(mostInFlight, inFlight);
    if (traits.latencyMs === 0) send(answer(body));
    else setTimeout(() => send(answer(body)), traits.latencyMs);
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
