import { expect } from 'chai';
import { classify, hint } from '../../../../src/database/drivers/postgres/postgres-errors.js';
import type { ErrorKind } from '../../../../src/database/dialect.js';

const told = (code: string, message: string, routine?: string): readonly [ErrorKind, string] => {
  const error = Object.assign(new Error(message), { code, routine });
  const kind = classify(error);
  return [kind, hint(error, kind)];
};

describe('what a person is told to do about an error of PostgreSQL', () => {
  it('is to give the user a schema where its search_path leads to none, which no migrate mends', () => {
    const [kind, text] = told('3F000', 'create table "a" ("b" integer) - no schema has been selected to create in');
    expect(kind).to.equal('refused');
    expect(text).to.match(/CREATE SCHEMA.*search_path/);
    expect(told('3F000', 'schema "mine" does not exist')[0]).to.equal('not-migrated');
  });

  it('is to look at the pooler where that refuses', () => {
    const [kind, text] = told('08P01', 'BEGIN - transaction blocks not allowed in statement pooling mode');
    expect([kind, text]).to.deep.equal(['unreachable', 'PgBouncer is to have pool_mode = session']);
    for (const message of ['query_wait_timeout', 'no more connections allowed (max_client_conn)']) {
      expect(told('08P01', message)[1]).to.match(/^PgBouncer has no connection left: .*default_pool_size/);
    }
  });

  it('is to renew a certificate that has run out, and to name the authority of one that nobody knows', () => {
    expect(told('CERT_HAS_EXPIRED', 'certificate has expired')[1]).to.match(/^its certificate has run out: renew it/);
    expect(told('ERR_TLS_CERT_ALTNAME_INVALID', "Hostname/IP does not match certificate's altnames")[1]).to.match(
      /^its certificate is/,
    );
    const [kind, text] = told('SELF_SIGNED_CERT_IN_CHAIN', 'self-signed certificate in certificate chain');
    expect(kind).to.equal('unreachable');
    expect(text).to.match(/who signed its certificate: &sslrootcert=FILE .*sslmode=require/);
  });

  it('is to look at the files of its own certificate where they do not fit, or are none that are read', () => {
    const faults = [
      ['error:05800074:x509 certificate routines::key values mismatch', /^the key of sslkey is not that of .*sslcert$/],
      ['error:1C800064:Provider routines::bad decrypt', /^the key of sslkey wants a passphrase/],
      ['error:0480006C:PEM routines::no start line', /^sslcert and sslkey name PEM files/],
    ] as const;
    for (const [words, way] of faults) {
      const [kind, text] = told('ERR_OSSL_SOME', words);
      expect(kind).to.equal('refused');
      expect(text).to.match(way);
    }
  });

  it('is to let the user log in by a password where the server wants GSSAPI', () => {
    const [kind, text] = told('', 'Unknown authenticationOk message type 7');
    expect(kind).to.equal('refused');
    expect(text).to.match(/^the server wants a login by GSSAPI.*scram-sha-256 in its pg_hba.conf$/);
  });

  it('is to wait where the server starts or shuts down', () => {
    const [kind, text] = told('57P03', 'the database system is starting up', 'ProcessStartupPacket');
    expect(kind).to.equal('unreachable');
    expect(text).to.match(/^the server starts, shuts down or recovers/);
    const ended = told('57P01', 'terminating connection due to administrator command', 'ProcessInterrupts')[1];
    expect(ended).to.match(/^the server shuts down, or somebody ended the connection/);
  });

  it('is to see what keeps the server busy where a statement took too long', () => {
    expect(told('57014', 'canceling statement due to statement timeout')[1]).to.match(/^a statement took too long/);
  });

  it('is the same where the server speaks another language (lc_messages)', () => {
    const create = 'RangeVarGetCreationNamespace';
    const [kind, text] = told('3F000', 'kein Schema für die Objekterzeugung ausgewählt', create);
    expect([kind, text]).to.deep.equal(told('3F000', 'no schema has been selected to create in', create));
    expect(kind).to.equal('refused');
    expect(told('3F000', 'Schema »mine« existiert nicht', 'get_namespace_oid')[0]).to.equal('not-migrated');
    const role = told('53300', 'zu viele Verbindungen von Rolle »lim«', 'InitializeSessionUserId')[1];
    const database = told('53300', 'zu viele Verbindungen für Datenbank »d«', 'CheckMyDatabase')[1];
    for (const limit of [role, database])
      expect(limit).to.match(/^this role, or this database, has a limit of its own/);
    expect(told('53300', 'tut mir leid, schon zu viele Verbindungen', 'InitProcess')[1]).to.match(/max_connections/);
    const late = 'storniere Anfrage wegen Zeitüberschreitung der Anfrage';
    expect(told('57014', late, 'ProcessInterrupts')[1]).to.match(/^a statement took too long/);
  });
});
