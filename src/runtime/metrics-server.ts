import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { limitConnections } from './limit-connections.js';
import { listenFailure } from './listen-failure.js';

/** Where it listens. */
export interface MetricsPlace {
  readonly host: string;
  /** Null or 0: one that is free. */
  readonly port: number | null;
}

/** What is served. */
export interface MetricsSource {
  readonly contentType: string;
  /** Returns all metrics in the text form of Prometheus. */
  metrics(): Promise<string>;
}

export interface MetricsServer {
  /** Without the path. */
  readonly url: string;
  /** Ends it: what is in the air is cut off. */
  close(): Promise<void>;
}

/** Prometheus needs one. */
const connectionLimits = { most: 100, mostOfOne: 50 };

/** Serves metrics at `/metrics` and nothing else; throws RuntimeFailure where its port can't be had. */
export async function serveMetrics({ host, port }: MetricsPlace, source: MetricsSource): Promise<MetricsServer> {
  const name = host.replace(/^\[|\]$/g, '');
  const server = createServer(
    // A scrape is one small request: whoever is slower is none.
    { headersTimeout: 5_000, requestTimeout: 10_000, keepAliveTimeout: 75_000, connectionsCheckingInterval: 5_000 },
    (request, response) => void answer(source, request, response),
  );
  limitConnections(server, connectionLimits);
  await listen(server, name, port ?? 0);
  const { port: taken } = server.address() as AddressInfo;
  const url = `http://${name.includes(':') ? `[${name}]` : name}:${taken}`;
  return { url, close: () => close(server) };
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  const listening = once(server, 'listening');
  server.listen(port, host);
  try {
    await listening;
  } catch (error) {
    const hint = 'give another --metrics-port: each process needs its own';
    throw listenFailure(error, `metrics can't be served: ${host}:${port}`, '--metrics-', hint);
  }
}

async function answer(
  source: MetricsSource,
  { method, url }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const isRead = method === 'GET' || method === 'HEAD';
  if (url?.split('?', 1)[0] !== '/metrics') end(response, 404, 'there is nothing here but /metrics\n');
  else if (!isRead) end(response.setHeader('allow', 'GET, HEAD'), 405, 'metrics can only be read\n');
  else await tell(source, response);
}

async function tell(source: MetricsSource, response: ServerResponse): Promise<void> {
  try {
    const text = await source.metrics();
    end(response.setHeader('content-type', source.contentType), 200, text);
  } catch {
    end(response, 500, 'the metrics could not be read\n');
  }
}

function end(response: ServerResponse, status: number, text: string): void {
  if (!response.hasHeader('content-type')) response.setHeader('content-type', 'text/plain; charset=utf-8');
  response
    .writeHead(status, { 'content-length': Buffer.byteLength(text), 'x-content-type-options': 'nosniff' })
    .end(text);
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
