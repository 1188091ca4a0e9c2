import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from './within.js';

interface ReceivedAlert {
  readonly type: string;
  readonly data: { readonly key: string; readonly message: string; readonly alert_id: number | null };
}

/** A web server that takes the alerts of processes under test. */
export class WebhookReceiver {
  readonly alerts: ReceivedAlert[] = [];
  /** What it refuses alerts with; null: it takes them. */
  refusesWith: number | null = null;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<WebhookReceiver> {
    const server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => (body += text));
      request.on('end', () => {
        if (receiver.refusesWith === null) receiver.alerts.push(JSON.parse(body) as ReceivedAlert);
        else response.statusCode = receiver.refusesWith;
        response.end();
      });
    });
    const receiver = new WebhookReceiver(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/alerts`;
  }

  /** Waits for an alert of that type and key; returns it. */
  async got(type: string, key: string, timeoutMs = 30_000): Promise<ReceivedAlert> {
    const fits = (alert: ReceivedAlert): boolean => alert.type === `alert.${type}` && alert.data.key === key;
    return await eventually(`alert.${type} ${key}`, () => this.alerts.find(fits), timeoutMs);
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
