import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { atEnd } from './at-end.js';
import type { Authority } from './authority.js';

/** Starts a web server that says nothing but its certificate, and ends it after the last test; returns its port. */
export async function startHttps({ certFile, keyFile }: Pick<Authority, 'certFile' | 'keyFile'>): Promise<number> {
  const files = { cert: readFileSync(certFile), key: readFileSync(keyFile) };
  const server = createServer(files, (_request, response) => response.end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}
