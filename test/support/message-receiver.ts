import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A message as a webhook sink delivers it. */
export interface DeliveredMessage {
  readonly id: string;
  readonly op: 'insert' | 'remove';
  readonly seq: number;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A web server that takes what a webhook sink delivers, and drops repetitions. */
export class MessageReceiver {
  /** The newest message of each id, in the order in which they came first. */
  readonly messages = new Map<string, DeliveredMessage>();
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<MessageReceiver> {
    const server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => (body += text));
      request.on('end', () => {
        for (const message of (JSON.parse(body) as { messages: DeliveredMessage[] }).messages) receiver.#take(message);
        response.end();
      });
    });
    const receiver = new MessageReceiver(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/messages`;
  }

  /** The data of the messages that were inserted and not taken back. */
  get data(): readonly DeliveredMessage['data'][] {
    return [...this.messages.values()].filter(({ op }) => op === 'insert').map(({ data }) => data);
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #take(message: DeliveredMessage): void {
    if (message.seq > (this.messages.get(message.id)?.seq ?? -1)) this.messages.set(message.id, message);
  }
}
