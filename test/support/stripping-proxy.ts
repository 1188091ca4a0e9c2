import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A proxy that shows a server below a prefix, which it takes away, and calls it by the server's own name, as nginx does. */
export interface StrippingProxy {
  /** The address of the server's `/`. */
  readonly base: string;
  /** What was asked for outside of the prefix. */
  readonly strays: readonly string[];
  close(): void;
}

/** Starts a proxy of a server: `http://127.0.0.1:PORT/`. */
export async function startStrippingProxy(target: string, prefix: string): Promise<StrippingProxy> {
  const strays: string[] = [];
  const { host } = new URL(target);
  const server = createServer((incoming, answer) => {
    const { url = '', method, headers } = incoming;
    if (!url.startsWith(prefix)) {
      strays.push(url);
      answer.writeHead(404).end();
      return;
    }
    const passed = request(
      new URL(url.slice(prefix.length), target),
      { method, headers: { ...headers, host } },
      (from) => {
        answer.writeHead(from.statusCode ?? 502, from.headers);
        from.pipe(answer);
      },
    );
    passed.on('error', () => answer.destroy());
    answer.on('close', () => passed.destroy());
    incoming.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    base: `http://127.0.0.1:${port}${prefix}`,
    strays,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
