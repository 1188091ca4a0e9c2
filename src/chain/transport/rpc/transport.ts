import type { Clock } from '../../../runtime/clock.js';
import type { HttpAnswer } from './json-rpc-answer.js';

/** What a node sends without being asked, over connections that stay open. */
export interface PushChannel {
  /** Hears each notification (its `params`) from now on; one listener at a time. */
  listen(listener: (params: unknown) => void): void;
  /** Resolves when the connection of the moment has ended, at once where there is none. */
  ended(): Promise<void>;
  /** Drops the connection of the moment: a silent one may be dead. */
  reset(): void;
}

/** Carries the bodies of JSON-RPC requests to one URL and brings the answers. */
export interface Transport {
  /** The host of the URL: all of it that may be shown. */
  readonly host: string;
  /** How the node tells news by itself; null where it can't. */
  readonly push: PushChannel | null;
  /** Sends a body and returns the whole answer; throws RpcError where there is none. */
  post(body: string, signal: AbortSignal): Promise<HttpAnswer>;
  /** Closes the connections; calls in the air fail. */
  close(): Promise<void>;
}

export interface TransportOptions {
  readonly url: string;
  readonly clock: Clock;
  /** How long a whole answer may take, in milliseconds. */
  readonly timeoutMs: number;
  /** The longest answer that is read, in bytes. */
  readonly maxBytes: number;
  /** Called when there is a connection where there was none, or one was lost: another node may stand at its end. */
  readonly connected?: () => void;
}

/** Makes the transport for a URL; it connects at the first request. */
export type OpenTransport = (options: TransportOptions) => Transport;

/** Says whether a URL is one of a WebSocket. */
export function isWebSocketUrl(url: string): boolean {
  return /^wss?:/i.test(url);
}

/**
 * Says whether two URLs lead to one node, or to the same ones: over HTTP and over a WebSocket, at one port of a host, or at the
 * ports that nodes open for the two where nobody says otherwise.
 */
export function leadToOneNode(one: string, other: string): boolean {
  return isWebSocketUrl(one) !== isWebSocketUrl(other) && placeOf(one) === placeOf(other);
}

function placeOf(url: string): string {
  if (!URL.canParse(url)) return url;
  const { hostname, port } = new URL(url);
  return `${hostname}:${port === '8546' ? '8545' : port}`;
}
