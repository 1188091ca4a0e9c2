/** The part of the package `ws` that chainparse uses: it carries no types of its own. */
declare module 'ws' {
  import type { EventEmitter } from 'node:events';
  import type { IncomingMessage, Server } from 'node:http';

  interface ClientOptions {
    readonly headers?: Readonly<Record<string, string>>;
    /** The longest message that is read, in bytes. */
    readonly maxPayload?: number;
    readonly perMessageDeflate?: boolean;
  }

  export class WebSocket extends EventEmitter {
    constructor(url: string, options?: ClientOptions);
    send(data: string | Buffer, options?: { readonly fin?: boolean }): void;
    ping(): void;
    pong(): void;
    /** Begins the closing handshake. */
    close(code?: number, reason?: string): void;
    /** Destroys the connection at once. */
    terminate(): void;
    on(event: 'open' | 'pong' | 'ping', listener: () => void): this;
    on(event: 'message', listener: (data: Buffer, isBinary: boolean) => void): this;
    on(event: 'error', listener: (error: Error & { readonly code?: string }) => void): this;
    on(event: 'close', listener: (code: number, reason: Buffer) => void): this;
    on(event: 'upgrade', listener: (response: IncomingMessage) => void): this;
    on(event: 'unexpected-response', listener: (request: unknown, response: IncomingMessage) => void): this;
  }

  export class WebSocketServer extends EventEmitter {
    readonly clients: ReadonlySet<WebSocket>;
    constructor(options: { readonly server: Server; readonly autoPong?: boolean });
    close(): void;
    on(event: 'connection', listener: (socket: WebSocket, request: IncomingMessage) => void): this;
  }
}
