// A program of its own: a LogChain behind a line with a latency, and what endpoints do to those who ask for much.
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import process from 'node:process';
import { systemClock } from '../src/runtime/clock.js';
import { FarNodeRules, errorText } from './far-node-rules.js';
import type { FarFault, FarNodeTraits } from './far-node-rules.js';
import { farChain } from './far-chain.js';

const traits = JSON.parse(process.argv[2] ?? '{}') as FarNodeTraits;
const chain = farChain(traits);
const rules = new FarNodeRules(traits, systemClock);

function send(response: ServerResponse, text: Buffer | string): void {
  const length = Buffer.byteLength(text);
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': length }).end(text);
}

function fail(response: ServerResponse, fault: FarFault, answer: Buffer): void {
  switch (fault.how) {
    case 'status':
      response.writeHead(fault.status, fault.type === undefined ? {} : { 'content-type': fault.type }).end(fault.text);
      return;
    case 'error':
      send(response, errorText(fault.error));
      return;
    case 'destroy':
      response.destroy();
      return;
    case 'half':
      response.writeHead(200, { 'content-length': answer.length }).write(answer.subarray(0, answer.length / 2));
      setTimeout(() => response.destroy(), fault.afterMs);
      return;
    case 'late':
      setTimeout(() => send(response, answer), fault.latencies * traits.latencyMs);
  }
}

function receive(response: ServerResponse, body: string): void {
  const { headers, end } = rules.arrive();
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  setTimeout(() => {
    const reply = end();
    if (reply.kind === 'refusal') {
      response.writeHead(429, { 'content-type': 'application/json' }).end(reply.text);
    } else if (reply.kind === 'fault') fail(response, reply.fault, chain.answer(body));
    else send(response, chain.answer(body));
  }, traits.latencyMs);
}

const server = createServer((request, response) => {
  if (request.method === 'GET') {
    send(response, JSON.stringify(rules.takeFigures()));
    return;
  }
  let body = '';
  request.setEncoding('utf8').on('data', (part: string) => (body += part));
  request.on('end', () => receive(response, body));
});
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
