import type { ChannelModel, SocketOptions, credentials } from 'amqplib';
import { loadPeer } from '../seam/optional-peer.js';

/** What is used of RabbitMQ's client. */
export interface RabbitmqLibrary {
  readonly connect: (url: string, options: SocketOptions) => Promise<ChannelModel>;
  readonly credentials: Pick<typeof credentials, 'plain'>;
}

/** Loads amqplib; throws UsageError that says how to get it. */
export async function loadAmqplib(): Promise<RabbitmqLibrary> {
  return await loadPeer({ type: 'rabbitmq_sink', packages: ['amqplib'], load: () => import('amqplib') });
}
