import { jetstreamManager } from '@nats-io/jetstream';
import type { StreamConfig } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { NatsConnection } from '@nats-io/transport-node';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { declareMissing } from './extent.js';
import { findProgram } from './find-program.js';
import { freePort } from './free-port.js';
import { PrivateServer } from './private-server.js';
import { temporaryFolder } from './temporary-folder.js';

const program = findProgram('nats-server');

/** Declares a suite that needs NATS with JetStream; pending where it is not installed. */
export function describeWithNats(title: string, suite: () => void): void {
  if (program !== undefined) describe(title, suite);
  else declareMissing(title, 'RUNLEVEL=1 apt-get install --no-install-recommends nats-server', suite);
}

/** Starts a NATS server with JetStream on files of its own; `settings` are more lines of its configuration. */
export async function startNats(settings = ''): Promise<PrivateServer> {
  if (program === undefined) throw new Error('nats-server is not installed');
  const [folder, port] = [temporaryFolder(), await freePort()];
  const file = join(folder, 'nats.conf');
  const store = `jetstream { store_dir: "${folder}", max_file: 1G }`;
  writeFileSync(file, `listen: "127.0.0.1:${port}"\n${store}\n${settings}\n`);
  const answers = async (): Promise<boolean> => {
    const connection = await greet(port);
    await connection?.close();
    return true;
  };
  return await PrivateServer.start({ program, args: ['-c', file], port, answers });
}

/** Null: it is there, and wants a login, or shows a certificate that nobody knows. */
async function greet(port: number): Promise<NatsConnection | null> {
  try {
    return await connect({ servers: `127.0.0.1:${port}`, reconnect: false, timeout: 1_000 });
  } catch (error) {
    const { name, message } = error as Error;
    if (name === 'AuthorizationError' || message.includes('certificate')) return null;
    throw error;
  }
}

/** Makes a stream of all below a subject of its name, which a server keeps; `caFile`: who has signed its certificate. */
export async function addStream(
  { port }: PrivateServer,
  { name, ...config }: Partial<StreamConfig> & { readonly name: string },
  caFile?: string,
): Promise<void> {
  const tls = caFile === undefined ? {} : { tls: { caFile } };
  // Of an IP address the client looks for no name but this in a certificate.
  const connection = await connect({ servers: `localhost:${port}`, ...tls });
  await (await jetstreamManager(connection)).streams.add({ name, subjects: [`${name}.>`], ...config });
  await connection.close();
}
