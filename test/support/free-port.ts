import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

/** Who was given a port need not listen on it yet: the system may offer it again. */
const given = new Set<number>();

/** Returns a TCP port of 127.0.0.1 on which nothing listens at the moment, another one each time. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  if (given.has(port)) return freePort();
  given.add(port);
  return port;
}
