import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { AwsV4Signer } from 'aws4fetch';
import { Pool } from 'undici';
import { certificateHint } from '../../runtime/certificate-hint.js';
import type { Clock } from '../../runtime/clock.js';
import { RuntimeFailure, UsageError, messageOf } from '../../runtime/errors.js';
import { retryAfterMs } from '../../runtime/retry.js';
import { ReceiverAwayError } from '../seam/delivery-errors.js';
import type { S3Keys } from './config.js';
import type { ReadyFile } from './file-store.js';

/** A question to a bucket. */
export interface S3Request {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'DELETE';
  /** The object's key; empty: the bucket. */
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | ReadyFile;
  /** Called as the bytes of a file leave. */
  readonly moved?: (() => void) | undefined;
}

/** What a bucket answered. */
export interface S3Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** For how long an answer may fail to come, in milliseconds. */
export interface S3Patience {
  /** To a request that is small. */
  readonly smallMs: number;
  /** To a large one: when it has left this process, megabytes may yet be on a slow line. */
  readonly largeMs: number;
}

const usualPatience: S3Patience = { smallMs: 30_000, largeMs: 290_000 };
/** So many bytes are through soon. */
const mostSmallBytes = 250_000;

/** Asks one bucket, by its own URL or, where an endpoint is given or its name needs it, by a path. */
export class S3Client {
  readonly #bucket: string;
  readonly #base: URL;
  readonly #pool: Pool;
  readonly #keys: S3Keys;
  readonly #clock: Clock;
  readonly #patience: S3Patience;

  constructor(bucket: string, keys: S3Keys, clock: Clock, patience = usualPatience) {
    this.#clock = clock;
    this.#patience = patience;
    this.#bucket = bucket;
    this.#keys = keys;
    this.#base = baseOf(bucket, keys);
    this.#pool = new Pool(this.#base.origin);
  }

  /** Returns the answer of a status below 300, or one of those that are expected; throws what any other means. */
  async ask(question: S3Request, expected: readonly number[], signal: AbortSignal): Promise<S3Answer> {
    const answer = await this.#send(question, signal);
    if (answer.status < 300 || expected.includes(answer.status)) return answer;
    throw this.#failure(answer);
  }

  async #send(
    { method, key, query = {}, headers = {}, body, moved }: S3Request,
    signal: AbortSignal,
  ): Promise<S3Answer> {
    const url = new URL(this.#base);
    url.pathname += key.split('/').map(encodeURIComponent).join('/');
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const isFile = typeof body === 'object';
    const { smallMs, largeMs } = this.#patience;
    const isSmall = (isFile ? body.bytes : (body?.length ?? 0)) <= mostSmallBytes;
    const size = isFile ? { 'content-length': String(body.bytes), 'x-amz-content-sha256': body.sha256 } : {};
    const signed = await this.#sign(url, method, { ...headers, ...size });
    try {
      const { statusCode: status, ...answer } = await this.#pool.request({
        path: url.pathname + url.search,
        ...{ method, headers: signed, signal, bodyTimeout: smallMs },
        headersTimeout: isSmall ? smallMs : largeMs,
        body: isFile ? Readable.from(bytesOf(body, moved), { objectMode: false }) : (body ?? null),
      });
      return { status, headers: answer.headers, text: await answer.body.text() };
    } catch (error) {
      signal.throwIfAborted();
      const { code } = error as { readonly code?: unknown };
      const reason = messageOf(error) || (typeof code === 'string' ? code : 'the connection failed');
      throw new ReceiverAwayError(`${url.origin} can't be reached: ${reason}`, {
        cause: error,
        hint: certificateHint(error),
      });
    }
  }

  async #sign(url: URL, method: string, headers: Readonly<Record<string, string>>): Promise<Record<string, string>> {
    const { access_key_id, secret_access_key, session_token, region } = this.#keys;
    const signer = new AwsV4Signer({
      ...{ url: url.href, method, headers: { ...headers }, service: 's3', region },
      ...{ accessKeyId: access_key_id, secretAccessKey: secret_access_key },
      ...(session_token === '' ? {} : { sessionToken: session_token }),
    });
    return Object.fromEntries((await signer.sign()).headers);
  }

  #failure({ status, headers, text }: S3Answer): Error {
    const code = /<Code>([^<]{1,100})<\/Code>/.exec(text)?.[1] ?? `status ${status}`;
    const name = `bucket ${this.#bucket}`;
    if (status >= 500 || status === 408 || status === 409 || status === 429) {
      const askedMs = retryAfterMs(headers['retry-after'], this.#clock.now());
      return new ReceiverAwayError(`${name} answered ${code}`, { retryAfterMs: askedMs });
    }
    return new RuntimeFailure(`${name} refuses: ${code}`, { hint: hintOf(status, code) });
  }
}

async function* bytesOf({ path }: ReadyFile, moved?: () => void): AsyncGenerator<Buffer> {
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    // The one before it has left.
    moved?.();
    yield chunk;
  }
}

/** What is wrong with who asks, by the code of the answer: rights have nothing to do with it, though most are a 403, too. */
const loginHints: ReadonlyMap<string, string> = new Map([
  ['InvalidAccessKeyId', 'nobody there has this access_key_id: was it deleted, or is it that of another store?'],
  ['SignatureDoesNotMatch', 'secret_access_key is not that of access_key_id'],
  ['RequestTimeTooSkewed', "set this computer's clock right: the bucket's is another by too much"],
  ['ExpiredToken', 'session_token has run out: start the run with a new one and its key'],
  ['InvalidToken', 'session_token is not that of access_key_id'],
]);

function hintOf(status: number, code: string): string | undefined {
  const ofLogin = loginHints.get(code);
  if (ofLogin !== undefined) return ofLogin;
  if (code === 'NoSuchBucket' || status === 404) return 'make the bucket, or give another path';
  if (status === 301 || status === 307 || code === 'AuthorizationHeaderMalformed') return "give the bucket's region";
  if (status === 403) return 'the access key must be allowed to get, put, list and delete objects there';
  return undefined;
}

function baseOf(bucket: string, { endpoint, region }: S3Keys): URL {
  // A name with dots fits no certificate.
  if (endpoint === '' && !bucket.includes('.')) return new URL(`https://${bucket}.s3.${region}.amazonaws.com/`);
  const url = endpoint === '' ? `https://s3.${region}.amazonaws.com` : endpoint;
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) {
    throw new UsageError('with what the environment says, endpoint is no URL of https or http', {
      hint: 'write its scheme, too: http://HOST:PORT. Where the definition names none it is AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL',
    });
  }
  const base = new URL(url);
  base.pathname = `${base.pathname.replace(/\/$/, '')}/${bucket}/`;
  return base;
}
