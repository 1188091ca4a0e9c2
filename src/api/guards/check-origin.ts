import { ProblemError, invalidRequest } from '../problem.js';

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Says whether an address to listen on is reached from this computer alone. */
export function isLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|::1|\[::1\]|::ffff:127(?:\.\d{1,3}){3})$/i.test(host);
}

/**
 * Throws a ProblemError where a server of this computer alone is called by another name: a page of the web whose name
 * was bound to 127.0.0.1 would otherwise read it through a person's browser.
 */
export function checkHost(host: string | undefined): void {
  const name = (host ?? '').replace(/:\d*$/, '');
  if (isLoopback(name)) return;
  throw new ProblemError(
    421,
    'MISDIRECTED',
    'this server answers on this computer only, by the names localhost and 127.0.0.1',
    {
      hint: 'a proxy before it must set the Host header to localhost',
    },
  );
}

/** Throws a ProblemError if a request has two Host headers: a proxy may have checked the other one. */
export function checkOneHost(rawHeaders: readonly string[]): void {
  const hosts = rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host');
  if (hosts.length > 1) throw invalidRequest([{ path: 'headers.host', message: 'is sent twice: send it once' }]);
}

/**
 * Throws a ProblemError where a page of another site wants something changed through a person's browser. A proxy may have put
 * another host into the call than the page has: where the browser says that it is one origin, as it does over HTTPS, it is.
 */
export function checkOrigin(headers: Headers): void {
  const { origin, host, 'sec-fetch-site': site } = headers;
  if (site === 'same-origin') return;
  const isForeign = origin !== undefined && hostOf(origin) !== host;
  if (!isForeign && site !== 'cross-site') return;
  throw new ProblemError(403, 'FORBIDDEN', 'a page of another site may change nothing here');
}

function hostOf(origin: string | readonly string[]): string | undefined {
  return typeof origin === 'string' && URL.canParse(origin) ? new URL(origin).host : undefined;
}
