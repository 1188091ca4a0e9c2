import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';

/** A log as a node writes it. */
export interface PortalLogSource {
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
  readonly transactionHash: string;
  readonly transactionIndex?: string;
  readonly logIndex: string;
}

/** The header of a block. */
export interface PortalHeader {
  readonly number: number;
  readonly hash: string;
  readonly parentHash: string;
  readonly timestamp: number;
}

/** The chain that a portal serves. */
export interface PortalData {
  /** The newest final block; -1: none yet. */
  readonly finalized: () => number;
  readonly header: (number: number) => PortalHeader;
  readonly logs: (number: number) => readonly PortalLogSource[];
}

/** What a stream was asked for. */
export interface AskedStream {
  readonly fromBlock: number;
  readonly toBlock: number;
  readonly parentBlockHash?: string;
  readonly logs?: readonly Readonly<Record<string, readonly string[]>>[];
}

/** What goes wrong with one stream. */
export type PortalFault =
  | { readonly kind: 'status'; readonly status: number; readonly retryAfter?: string; readonly body?: string }
  /** The connection breaks when so large a part of the answer has been sent. */
  | { readonly kind: 'cut'; readonly share: number }
  /** Nothing comes behind so large a part of the answer. */
  | { readonly kind: 'stuck'; readonly share: number }
  /** The answer ends, as a portal may, behind so many of its blocks. */
  | { readonly kind: 'early'; readonly blocks: number }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'drop' }
  /** Not packed. */
  | { readonly kind: 'plain' }
  /** The lines are these. */
  | { readonly kind: 'lines'; readonly change: (lines: Line[], asked: AskedStream) => readonly (Line | string)[] }
  /** A few bytes that are many once they are unpacked. */
  | { readonly kind: 'bomb'; readonly text: string; readonly bytes: number };

interface PortalServerLog {
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
  readonly transactionHash: string;
  readonly transactionIndex: number;
  readonly logIndex: number;
}

/** One line of an answer. */
export interface Line {
  readonly header: PortalHeader;
  readonly logs?: readonly PortalServerLog[];
}

export interface PortalServerOptions {
  readonly data: PortalData;
  readonly dataset?: string;
  /** Called for each stream, with its number (from 1); what it returns goes wrong. */
  readonly fault?: (asked: AskedStream, request: number) => PortalFault | undefined;
  /** Nothing comes of a stream before this is settled. */
  readonly hold?: (asked: AskedStream) => Promise<void> | undefined;
  /** The first block of the data set; the chain's where nothing is said. */
  readonly first?: number;
  /** The most blocks that hold something that one answer gives. */
  readonly mostBlocks?: number;
}

/** SQD Portal as its documents describe it, over HTTP on 127.0.0.1, with faults; nothing of the service itself was at hand. */
export class PortalServer {
  /** May be replaced at any time. */
  options: PortalServerOptions;
  /** Every stream so far. */
  readonly streams: AskedStream[] = [];
  readonly #unfinished = new Set<ServerResponse>();
  readonly #server: Server;

  private constructor(options: PortalServerOptions) {
    this.options = options;
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  static async start(options: PortalServerOptions): Promise<PortalServer> {
    const server = new PortalServer(options);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** How many streams are being answered whose end has not been taken, and whose connection stands. */
  get unfinished(): number {
    return this.#unfinished.size;
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const { data, dataset = 'local-31337' } = this.options;
    const [, first, name, path] = (request.url ?? '').split('/');
    if (first !== 'datasets' || name !== dataset) {
      response.writeHead(404).end(`Unknown dataset: ${name ?? ''}`);
      return;
    }
    const finalized = data.finalized();
    if (request.method === 'GET' && path === 'finalized-head') {
      const head = finalized < 0 ? null : { number: finalized, hash: data.header(finalized).hash };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(head));
    } else if (request.method === 'POST' && path === 'finalized-stream') {
      const asked = JSON.parse(Buffer.concat(parts).toString('utf8')) as AskedStream;
      await this.options.hold?.(asked);
      this.#stream(asked, response);
    } else response.writeHead(404).end();
  }

  #stream(asked: AskedStream, response: ServerResponse): void {
    const { data } = this.options;
    this.streams.push(asked);
    this.#unfinished.add(response);
    response.once('close', () => this.#unfinished.delete(response));
    const fault = this.options.fault?.(asked, this.streams.length);
    const finalized = data.finalized();
    response.setHeader('x-sqd-finalized-head-number', String(finalized));
    if (finalized >= 0) response.setHeader('x-sqd-finalized-head-hash', data.header(finalized).hash);
    const { fromBlock: from, parentBlockHash: parent } = asked;
    const { first = 0 } = this.options;
    if (fault?.kind === 'status') {
      const headers = fault.retryAfter === undefined ? {} : { 'retry-after': fault.retryAfter };
      response.writeHead(fault.status, headers).end(fault.body ?? '');
    } else if (fault?.kind === 'drop') response.destroy();
    else if (from < first) response.writeHead(400).end(`dataset starts from block ${first}`);
    else if (from > finalized || fault?.kind === 'nothing') response.writeHead(204).end();
    else if (parent !== undefined && parent !== data.header(from).parentHash) {
      const previousBlocks = [{ number: from - 1, hash: data.header(from).parentHash }];
      response.writeHead(409, { 'content-type': 'application/json' }).end(JSON.stringify({ previousBlocks }));
    } else this.#answer(asked, fault, response);
  }

  #answer(asked: AskedStream, fault: PortalFault | undefined, response: ServerResponse): void {
    response.setHeader('content-type', 'application/jsonl');
    const lines = linesOf(asked, this.options.data, this.options.mostBlocks);
    const kept = fault?.kind === 'early' ? lines.slice(0, Math.max(1, fault.blocks)) : lines;
    const changed = fault?.kind === 'lines' ? fault.change([...kept], asked) : kept;
    const text =
      fault?.kind === 'bomb'
        ? fault.text.padEnd(fault.bytes, '0')
        : changed.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join('');
    if (fault?.kind === 'plain') {
      response.writeHead(200).end(text);
      return;
    }
    const packed = gzipSync(text, { level: 1 });
    response.writeHead(200, { 'content-encoding': 'gzip' });
    if (fault?.kind !== 'cut' && fault?.kind !== 'stuck') {
      response.end(packed);
      return;
    }
    const part = packed.subarray(0, Math.floor(packed.length * fault.share));
    response.write(part, () => {
      if (fault.kind === 'cut') response.destroy();
    });
  }
}

/** The blocks that hold what is asked for, and always the first and the last of those that were looked at. */
function linesOf(asked: AskedStream, data: PortalData, most = Number.POSITIVE_INFINITY): Line[] {
  const lines: Line[] = [];
  const to = Math.min(asked.toBlock, data.finalized());
  for (let number = asked.fromBlock; number <= to; number++) {
    const logs = data.logs(number).filter((log) => (asked.logs ?? []).some((wanted) => isWanted(log, wanted)));
    const isBorder = number === asked.fromBlock || number === to || lines.length + 1 === most;
    if (logs.length === 0 && !isBorder) continue;
    const { hash, parentHash, timestamp } = data.header(number);
    const header = { number, hash, parentHash, timestamp };
    lines.push(logs.length === 0 ? { header } : { header, logs: logs.map(shown) });
    if (lines.length === most) break;
  }
  return lines;
}

function isWanted(log: PortalLogSource, wanted: Readonly<Record<string, readonly string[]>>): boolean {
  if (wanted['address']?.includes(log.address.toLowerCase()) === false) return false;
  return [0, 1, 2, 3].every((at) => wanted[`topic${at}`]?.includes(log.topics[at]?.toLowerCase() ?? '') ?? true);
}

function shown({
  address,
  topics,
  data,
  transactionHash,
  transactionIndex,
  logIndex,
}: PortalLogSource): PortalServerLog {
  return {
    logIndex: Number(logIndex),
    transactionIndex: Number(transactionIndex ?? 0),
    transactionHash: transactionHash.toLowerCase(),
    address: address.toLowerCase(),
    data: data.toLowerCase(),
    topics: topics.map((topic) => topic.toLowerCase()),
  };
}
