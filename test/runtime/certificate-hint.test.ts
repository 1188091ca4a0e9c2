import { readFileSync } from 'node:fs';
import { connect } from 'node:tls';
import { expect } from 'chai';
import { certificateHint } from '../../src/runtime/certificate-hint.js';
import { makeAuthority } from '../support/authority.js';
import type { Authority } from '../support/authority.js';
import { startHttps } from '../support/https-server.js';

/** Returns what a client says that trusts the system's authorities, and those of a file. */
async function failureOf(port: number, caFile?: string): Promise<Error> {
  const ca = caFile === undefined ? {} : { ca: readFileSync(caFile) };
  return await new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', ...ca }, () => reject(new Error('it is trusted')));
    socket.on('error', resolve);
  });
}

describe('what to do about a server’s certificate', () => {
  let known: Authority;
  before(() => (known = makeAuthority()));

  it('is to name its authority, where nobody knows that', async () => {
    const port = await startHttps(known);
    expect(certificateHint(await failureOf(port))).to.equal(
      "the system does not know who signed its certificate: set NODE_EXTRA_CA_CERTS=FILE to that authority's certificate",
    );
  });

  it('is the same where it has signed itself', async () => {
    const port = await startHttps({ certFile: known.caFile, keyFile: known.caFile.replace(/pem$/, 'key') });
    expect(certificateHint(await failureOf(port), 'name it by tls_ca_file')).to.equal(
      'the system does not know who signed its certificate: name it by tls_ca_file',
    );
  });

  it('is to renew it where it has run out', async () => {
    const authority = makeAuthority({ days: 0 });
    const port = await startHttps(authority);
    expect(certificateHint(await failureOf(port, authority.caFile))).to.match(/^its certificate has run out: renew it/);
  });

  it('is to give another host where it is for other names', async () => {
    const authority = makeAuthority({ names: 'DNS:node.example' });
    const port = await startHttps(authority);
    expect(certificateHint(await failureOf(port, authority.caFile))).to.match(/^its certificate is for other names/);
  });

  it('is not said of what has nothing to do with it', () => {
    expect(certificateHint(new Error('connect ECONNREFUSED 127.0.0.1:1'))).to.equal(undefined);
  });
});
