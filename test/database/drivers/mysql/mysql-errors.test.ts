import { expect } from 'chai';
import { classify, hint, isAway, isPassedOver } from '../../../../src/database/drivers/mysql/mysql-errors.js';

const error = (errno: number): Error => Object.assign(new Error('no'), { errno });

describe('a node of a cluster that does not know the database', () => {
  it('is passed over, for it may only be behind, though one server alone that does not is refused', () => {
    expect(isPassedOver(error(1049))).to.equal(true);
    expect(classify(error(1049))).to.equal('refused');
    for (const errno of [1044, 1045]) expect(isPassedOver(error(errno))).to.equal(false);
  });
});

describe('what a person is told to do about an error of MySQL or MariaDB', () => {
  const told = (code: string, errno: number, message: string): string => {
    const thrown = Object.assign(new Error(message), { code, errno });
    return hint(thrown, classify(thrown));
  };

  it('is to name the primary where the server is read-only', () => {
    const prevented = (option: string): string =>
      `The MySQL server is running with the ${option} option so it cannot execute this statement`;
    for (const text of [
      told('ER_OPTION_PREVENTS_STATEMENT', 1290, prevented('--read-only')),
      told('ER_OPTION_PREVENTS_STATEMENT', 1290, prevented('--super-read-only')),
      told('ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION', 1792, 'Cannot execute statement in a READ ONLY transaction.'),
      told('ER_READ_ONLY_MODE', 1836, 'Running in read-only mode'),
    ])
      expect(text).to.equal('the server is a replica, or read-only: name the primary in the database URL');
    expect(told('ER_OPTION_PREVENTS_STATEMENT', 1290, prevented('--skip-grant-tables'))).to.match(/^check that/);
  });

  it('is to make room where the disk is full', () => {
    for (const text of [
      told('ER_DISK_FULL', 1021, 'Disk full (/tmp/#sql-1); waiting for someone to free some space...'),
      told('ER_RECORD_FILE_FULL', 1114, "The table 'event' is full"),
    ])
      expect(text).to.equal('the disk of the server is full: make room, and what waits goes on');
  });

  it('is to write binary logs of rows, in a session that is made anew: the format is its own', () => {
    const thrown = Object.assign(new Error('impossible to write to binary log since BINLOG_FORMAT = STATEMENT'), {
      code: 'ER_BINLOG_STMT_MODE_AND_ROW_ENGINE',
      errno: 1665,
    });
    expect(hint(thrown, classify(thrown))).to.equal('binlog_format=ROW (or MIXED) on the server');
    expect(isAway(thrown)).to.equal(true);
  });

  it('is to encrypt where the server wants it, and not to where it can not', () => {
    expect(told('ER_SECURE_TRANSPORT_REQUIRED', 3159, '--require_secure_transport=ON.')).to.equal(
      'the server wants encryption: ?ssl=true in the database URL',
    );
    const without = { code: 'HANDSHAKE_NO_SSL_SUPPORT', message: 'Server does not support secure connection' };
    expect(hint(without, classify(without))).to.match(/^the server has no TLS: take ssl=… out/);
  });

  it('is to renew a certificate that has run out, and to name the authority of one that nobody knows', () => {
    const refused = (code: string, message: string): string =>
      hint(Object.assign(new Error(message), { code }), 'unreachable');
    expect(refused('HANDSHAKE_SSL_ERROR', 'certificate has expired')).to.match(
      /^its certificate has run out: renew it/,
    );
    expect(refused('HANDSHAKE_SSL_ERROR', 'self-signed certificate in certificate chain')).to.match(
      /who signed its certificate: &ssl_ca=FILE .*ssl=skip-verify/,
    );
  });

  it('is to give the user more where it has come to a limit of its own', () => {
    for (const text of [
      told('ER_USER_LIMIT_REACHED', 1226, "User 'u' has exceeded the 'max_user_connections' resource"),
      told('ER_TOO_MANY_USER_CONNECTIONS', 1203, "User u already has more than 'max_user_connections'"),
    ])
      expect(text).to.match(/^the server limits this user: .*MAX_USER_CONNECTIONS/);
  });

  it('is to create the database that is not there', () => {
    expect(told('ER_BAD_DB_ERROR', 1049, "Unknown database 'events'")).to.match(/^create the database first/);
  });
});
