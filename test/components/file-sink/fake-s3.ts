import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { atEnd } from '../../support/at-end.js';

interface StoredObject {
  readonly body: Buffer;
  readonly etag: string;
  readonly sha256: string | undefined;
}

/** A bucket that heeds `If-Match` and `If-None-Match`, and answers whatever a test wants. */
export class FakeS3 {
  readonly objects = new Map<string, StoredObject>();
  /** What it answers next, instead of doing it: a status with S3's code; done all the same where it is lost. */
  readonly answers: {
    readonly status: number;
    readonly code: string;
    readonly isDone?: boolean;
    readonly on?: string;
    readonly retryAfter?: string;
  }[] = [];
  /** What it was asked, in order. */
  readonly asked: string[] = [];
  /** How many objects it lists at once. */
  pageSize = 1_000;
  #endpoint = '';
  #server: Server | undefined;

  static async start(): Promise<FakeS3> {
    const fake = new FakeS3();
    const server = createServer((request, response) => void fake.#answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    atEnd(() => server.close());
    fake.#server = server;
    fake.#endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return fake;
  }

  /** Ends it, whoever still asks it. */
  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  get keys() {
    const region = 'us-east-1';
    return { endpoint: this.#endpoint, region, access_key_id: 'k', secret_access_key: 's3cret', session_token: '' };
  }

  get names(): string[] {
    return [...this.objects.keys()].sort();
  }

  text(name: string): string {
    return this.objects.get(name)?.body.toString() ?? '';
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const url = new URL(request.url ?? '', 'http://s3');
    const key = keyOf(url);
    this.asked.push(`${request.method ?? ''} ${key}`);
    const [next] = this.answers;
    const isMeant = next !== undefined && (next.on === undefined || next.on === `${request.method ?? ''} ${key}`);
    if (isMeant) this.answers.shift();
    const does = !isMeant || next.isDone === true;
    const [status, headers, body] = does ? this.#do(request, url, Buffer.concat(chunks)) : [0, {}, ''];
    const wait = next?.retryAfter === undefined ? {} : { 'retry-after': next.retryAfter };
    if (isMeant) response.writeHead(next.status, wait).end(`<Error><Code>${next.code}</Code></Error>`);
    else response.writeHead(status, headers).end(request.method === 'HEAD' ? undefined : body);
  }

  #do({ method, headers }: IncomingMessage, url: URL, body: Buffer): [number, Record<string, string>, string | Buffer] {
    const key = keyOf(url);
    const there = this.objects.get(key);
    if (key === '') return [200, {}, this.#list(url.searchParams)];
    if (method === 'PUT') {
      const isRight =
        (headers['if-none-match'] !== '*' || there === undefined) &&
        (headers['if-match'] === undefined || headers['if-match'] === there?.etag);
      if (!isRight) return [412, {}, '<Error><Code>PreconditionFailed</Code></Error>'];
      const etag = `"${createHash('md5').update(body).digest('hex')}"`;
      this.objects.set(key, { body, etag, sha256: headers['x-amz-meta-chainparse-sha256'] as string | undefined });
      return [200, { etag }, ''];
    }
    if (method === 'DELETE') return [this.objects.delete(key) ? 204 : 404, {}, ''];
    if (there === undefined) return [404, {}, '<Error><Code>NoSuchKey</Code></Error>'];
    const meta = there.sha256 === undefined ? {} : { 'x-amz-meta-chainparse-sha256': there.sha256 };
    return [200, { etag: there.etag, 'content-length': String(there.body.length), ...meta }, there.body];
  }

  #list(query: URLSearchParams): string {
    const first = Number(query.get('continuation-token') ?? 0);
    const names = this.names.slice(first, first + this.pageSize);
    const objects = names.map(
      (name) => `<Contents><Key>${name}</Key><Size>${this.text(name).length}</Size></Contents>`,
    );
    const next = first + this.pageSize;
    const more = next < this.names.length ? `<NextContinuationToken>${next}</NextContinuationToken>` : '';
    return objects.join('') + more;
  }
}

function keyOf({ pathname }: URL): string {
  return pathname.split('/').map(decodeURIComponent).slice(2).join('/');
}
