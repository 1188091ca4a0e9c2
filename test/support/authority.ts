import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './temporary-folder.js';

/** The files of an authority of the tests' own, and of a server on 127.0.0.1, or localhost, whose certificate it has signed. */
export interface Authority {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** The names that the server's certificate is for, as OpenSSL writes them, and for how many days; 0: it has run out. */
interface ServerCertificate {
  readonly names?: string;
  readonly days?: number;
}

/** Makes an authority that no system knows. */
export function makeAuthority({ names = 'IP:127.0.0.1, DNS:localhost', days = 2 }: ServerCertificate = {}): Authority {
  const folder = temporaryFolder();
  const file = (name: string): string => join(folder, name);
  const openssl = (...args: readonly string[]): void => void execFileSync('openssl', args, { stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'] as const;
  openssl('req', '-x509', ...key, '-keyout', file('ca.key'), '-out', file('ca.pem'), '-days', '2', '-subj', '/CN=own');
  openssl('req', ...key, '-keyout', file('server.key'), '-out', file('server.csr'), '-subj', '/CN=127.0.0.1');
  writeFileSync(file('names'), `subjectAltName = ${names}\n`);
  const signed = [
    '-CA',
    file('ca.pem'),
    '-CAkey',
    file('ca.key'),
    '-CAcreateserial',
    '-extfile',
    file('names'),
  ] as const;
  openssl('x509', '-req', '-in', file('server.csr'), ...signed, '-out', file('server.pem'), '-days', String(days));
  return { caFile: file('ca.pem'), certFile: file('server.pem'), keyFile: file('server.key') };
}
