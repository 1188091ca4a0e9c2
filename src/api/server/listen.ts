import type { FastifyInstance } from 'fastify';
import type { AddressInfo } from 'node:net';
import type { ApiSettings } from '../../settings/settings.js';
import { UsageError } from '../../runtime/errors.js';
import { listenFailure } from '../../runtime/listen-failure.js';
import { isLoopback } from '../guards/check-origin.js';

/** Throws UsageError where everybody on the network could change everything. */
export function refuseOpenNetwork({ host, token, readToken }: ApiSettings, insecure: boolean): void {
  if (isLoopback(host) || token !== null || readToken !== null || insecure) return;
  throw new UsageError(
    `${host} is reached from other computers, and no token is set: anybody could change everything`,
    {
      hint: 'set CHAINPARSE_API_TOKEN (openssl rand -hex 32 makes one), listen on 127.0.0.1, or say --insecure',
    },
  );
}

/** Begins to listen; returns the server's URL. Throws RuntimeFailure where the port is taken or not allowed. */
export async function listen(app: FastifyInstance, { host, port }: ApiSettings): Promise<string> {
  const name = host.replace(/^\[|\]$/g, '');
  try {
    await app.listen({ host: name, port });
  } catch (error) {
    throw listenFailure(error, `${host}:${port}`, '--', 'give another --port, or stop the other process');
  }
  const { port: taken } = app.server.address() as AddressInfo;
  return `http://${name.includes(':') ? `[${name}]` : name}:${taken}`;
}
