import type { Authenticator, ConnectionOptions, MsgHdrs, NatsConnection } from '@nats-io/transport-node';
import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import { loadPeer } from '../seam/optional-peer.js';

/** What is used of NATS's client. */
export interface NatsLibrary {
  readonly connect: (options: ConnectionOptions) => Promise<NatsConnection>;
  readonly headers: () => MsgHdrs;
  readonly authenticators: {
    readonly nkey: (seed: Uint8Array) => Authenticator;
    readonly creds: (file: Uint8Array) => Authenticator;
  };
  readonly jetstream: (connection: NatsConnection, options: { readonly timeout: number }) => JetStreamClient;
  readonly jetstreamManager: (
    connection: NatsConnection,
    options: { readonly checkAPI: false; readonly timeout: number },
  ) => Promise<JetStreamManager>;
}

const packages = ['@nats-io/transport-node', '@nats-io/jetstream'];

/** Loads NATS's client; throws UsageError that says how to get it. */
export async function loadNats(): Promise<NatsLibrary> {
  const load = () => Promise.all([import('@nats-io/transport-node'), import('@nats-io/jetstream')]);
  const [transport, { jetstream, jetstreamManager }] = await loadPeer({ type: 'nats_sink', packages, load });
  const { connect, headers, nkeyAuthenticator: nkey, credsAuthenticator: creds } = transport;
  return { connect, headers, authenticators: { nkey, creds }, jetstream, jetstreamManager };
}
