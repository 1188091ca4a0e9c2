import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Call {
  readonly id: unknown;
  readonly method: string;
  readonly params: readonly unknown[];
}

/** Changes what one call answers with; throws where it shall be refused. */
export type Lie = (call: Omit<Call, 'id'>, result: unknown) => unknown;

/** A node that passes on what another one says, but for its lies. */
export class LyingProxy {
  /** Each call so far. */
  readonly methods: string[] = [];
  readonly #target: string;
  readonly #lie: Lie;
  readonly #server: Server;

  private constructor(target: string, lie: Lie) {
    this.#target = target;
    this.#lie = lie;
    this.#server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (part: string) => (body += part));
      request.on('end', () => {
        void this.#answer(body).then(
          (text) => response.writeHead(200, { 'content-type': 'application/json' }).end(text),
          () => response.destroy(),
        );
      });
    });
  }

  /** Starts a proxy on a free port of 127.0.0.1. */
  static async start(target: string, lie: Lie): Promise<LyingProxy> {
    const proxy = new LyingProxy(target, lie);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Ends the server and its connections. */
  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(body: string): Promise<string> {
    const response = await fetch(this.#target, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    const asked = JSON.parse(body) as Call | Call[];
    const told = (await response.json()) as Record<string, unknown> | Record<string, unknown>[];
    if (!Array.isArray(asked) || !Array.isArray(told)) return JSON.stringify(this.#changed(asked as Call, told));
    return JSON.stringify(
      asked.map((call) =>
        this.#changed(
          call,
          told.find(({ id }) => id === call.id),
        ),
      ),
    );
  }

  #changed(call: Call, answer: unknown): unknown {
    this.methods.push(call.method);
    const { result } = answer as { readonly result?: unknown };
    try {
      return result === undefined ? answer : { ...(answer as object), result: this.#lie(call, result) };
    } catch (error) {
      return { jsonrpc: '2.0', id: call.id, error: { code: -32_601, message: (error as Error).message } };
    }
  }
}
