import { WebSocket } from 'ws';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../../../runtime/clock.js';
import { messageOf } from '../../../runtime/errors.js';
import { loginHeader } from '../../../runtime/login-header.js';
import { Scope } from '../../../runtime/scope.js';
import { SecretMask } from '../../../runtime/secrets.js';
import { shownHost } from '../../../runtime/shown-host.js';
import { answerText } from './answer-text.js';
import { shorten } from './json-rpc-answer.js';
import type { HttpAnswer } from './json-rpc-answer.js';
import { RpcError } from '../errors/rpc-error.js';

interface WebSocketConnectionOptions {
  readonly url: URL;
  readonly clock: Clock;
  /** The longest message that is read, in bytes. */
  readonly maxBytes: number;
  readonly onMessage: (text: string, bytes: number) => void;
}

/** How long a handshake may take, in milliseconds. */
const handshakeMs = 10_000;
/** After so long a silence the other side is pinged; after as long a one again it counts as gone. In milliseconds. */
const silenceMs = 4_000;
/** How much of a refusal's text is read, in bytes. */
const refusalBytes = 4_096;

/** One WebSocket to a node, from its handshake to its end: a socket that has died without a word is found by pings. */
export class WebSocketConnection {
  /** Resolves, once the handshake is done; rejects with RpcError where the node refuses it or can't be reached. */
  readonly opened: Promise<void>;
  /** Resolves with the reason, once the connection has ended. */
  readonly ended: Promise<RpcError>;
  readonly #socket: WebSocket;
  readonly #host: string;
  readonly #secrets = new SecretMask();
  readonly #closing = new AbortController();
  #failure: RpcError | null = null;
  #heard = 0;
  #refusal: HttpAnswer | null = null;
  #end: (reason: RpcError) => void = () => undefined;

  constructor({ url, clock, maxBytes, onMessage }: WebSocketConnectionOptions) {
    this.#host = shownHost(url.host);
    this.#secrets.remember(url.href);
    this.ended = new Promise((resolve) => (this.#end = resolve));
    this.#socket = new WebSocket(withoutUser(url), {
      headers: { 'user-agent': 'chainparse', ...loginHeader(url) },
      maxPayload: maxBytes,
      perMessageDeflate: false,
    });
    this.#socket.on('message', (data) => {
      this.#heard++;
      onMessage(answerText(data), data.length);
    });
    this.#socket.on('pong', () => this.#heard++);
    this.#socket.on('close', (code, reason) => this.#close(code, reason.toString('utf8')));
    this.#socket.on('error', (error) => this.fail(this.#errorOf(error, maxBytes)));
    this.#socket.on('unexpected-response', (_request, response) => void this.#refused(response));
    this.opened = this.#open(clock);
    this.opened.catch(() => undefined);
  }

  /** False once the connection has ended or is about to. */
  get isUsable(): boolean {
    return this.#failure === null && !this.#closing.signal.aborted;
  }

  /** How many messages have come whole, answers to pings included. */
  get heard(): number {
    return this.#heard;
  }

  /** What the server answered instead of opening a WebSocket; null where it did, or said nothing. */
  get refusal(): HttpAnswer | null {
    return this.#refusal;
  }

  send(text: string): void {
    this.#socket.send(text);
  }

  /** Drops the connection at once. */
  drop(message: string): void {
    this.fail(this.#lost(message));
  }

  /** Drops the connection for a reason. */
  fail(reason: RpcError): void {
    if (this.#failure !== null) return;
    this.#failure = reason;
    this.#closing.abort();
    this.#socket.terminate();
    this.#end(reason);
  }

  async #open(clock: Clock): Promise<void> {
    const handshake = new Scope(this.#closing.signal);
    this.#socket.on('open', () => handshake.end());
    this.#socket.on('upgrade', ({ socket }) => void this.#watch(socket, clock).catch(() => undefined));
    try {
      await clock.sleep(handshakeMs, handshake.signal);
      this.fail(this.#lost(`no WebSocket handshake within ${handshakeMs / 1_000} s`, 'timeout'));
    } catch {
      // It is open, or has failed.
    }
    if (this.#failure !== null) throw this.#failure;
  }

  /** Whatever arrives, part of a long message included, shows that the other side lives. */
  async #watch(socket: Socket, clock: Clock): Promise<void> {
    let heard = 0;
    let isPinged = false;
    for (;;) {
      await clock.sleep(silenceMs, this.#closing.signal);
      const isSilent = socket.bytesRead === heard;
      heard = socket.bytesRead;
      if (isSilent && isPinged) {
        this.drop('the WebSocket is dead: a ping was not answered');
        return;
      }
      if (isSilent) this.#socket.ping();
      isPinged = isSilent;
    }
  }

  #close(code: number, reason: string): void {
    const text = reason === '' ? `code ${code}` : `code ${code}, ${shorten(this.#secrets.mask(reason), 200)}`;
    this.fail(this.#lost(`the WebSocket was closed (${text})`));
  }

  /** A server that speaks HTTP says what is wrong: a wrong key, too many requests, a path that is none. */
  async #refused(response: IncomingMessage): Promise<void> {
    const { statusCode: status = 0, headers } = response;
    const message = `no WebSocket is to be had there: HTTP ${status}`;
    const error = new RpcError(message, { class: 'method-disabled', host: this.#host });
    const text = await readSome(response);
    this.#refusal = status >= 400 ? { status, retryAfter: headers['retry-after'], text, bytes: text.length } : null;
    this.fail(error);
  }

  #errorOf(error: Error & { readonly code?: string }, maxBytes: number): RpcError {
    if (error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') {
      const message = `the answer is larger than ${Math.round(maxBytes / 2 ** 20)} MB`;
      return new RpcError(message, { class: 'response-too-large', host: this.#host });
    }
    return this.#lost(messageOf(error) || error.code || 'connection failed', 'transport', error);
  }

  #lost(message: string, kind: 'transport' | 'timeout' = 'transport', cause?: unknown): RpcError {
    return new RpcError(this.#secrets.mask(message), { class: kind, host: this.#host, lostConnection: true, cause });
  }
}

async function readSome(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of response as AsyncIterable<Buffer>) {
      parts.push(part);
      bytes += part.length;
      if (bytes > refusalBytes) break;
    }
  } catch {
    // What has been read is enough.
  }
  return Buffer.concat(parts).toString('utf8');
}

function withoutUser(url: URL): string {
  const plain = new URL(url);
  plain.username = '';
  plain.password = '';
  return plain.href;
}
